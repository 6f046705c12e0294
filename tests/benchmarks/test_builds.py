"""Two builds are compared by the medians of the same cases, also where names have changed."""

from __future__ import annotations

import pytest
from benchmarks.builds.__main__ import compare, pair_costs, train_costs


def costs(backend: str, us: float) -> dict[str, float]:
    row = {"box": "dense", "channels": 64, "layers": 2, f"{backend}_us": us, "torchscript_us": 90.0}
    case = {"label": "PaiNN 64", "batch": "dense: 320 atoms", "us_per_atom": {backend: 2 * us}}
    return pair_costs({"speed-dense": {"rows": [row]}}) | train_costs({"cases": [case]})


def test_medians_of_old_and_new_names_are_side_by_side() -> None:
    old = [costs("fused", us) for us in (10.0, 30.0, 11.0)]
    new = [costs("kernels", us) for us in (12.0, 9.0, 22.0)]
    rows = {row["case"]: row for row in compare(old, new)}
    assert set(rows) == {
        "pair, kernels: dense, 64 channels, 2 layers",
        "pair, torchscript: dense, 64 channels, 2 layers",
        "train, kernels: PaiNN 64, dense",
    }
    pair, train = (
        rows["pair, kernels: dense, 64 channels, 2 layers"],
        rows["train, kernels: PaiNN 64, dense"],
    )
    assert (pair["old_us"], pair["new_us"]) == (11.0, 12.0)
    assert pair["ratio"] == train["ratio"] == pytest.approx(12 / 11)
    assert pair["ratio_of_least"] == pytest.approx(0.9)
