"""The table of errors distinguishes kinds in a terminal of 80 columns."""

from __future__ import annotations

import pytest

from ipip.cli.error_table import print_errors
from ipip.evaluation.metrics import Metrics

ERRORS = {
    "n_frames": 1234,
    "n_atoms": 123456,
    "force_mae_ev_per_a": 0.1234,
    "force_rmse_ev_per_a": 0.2345,
    "energy_mae_mev_per_atom": 12.34,
    "energy_rmse_mev_per_atom": 23.45,
    "stress_mae_ev_per_a3": 0.00123,
}
ELEMENTS = {"Mo": {"n_atoms": 40, "force_mae_ev_per_a": 0.1, "force_rmse_ev_per_a": 0.2}}


def printed(kinds: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    values = ERRORS | {"by_config_type": dict.fromkeys(kinds, ERRORS)}
    print_errors(Metrics(**values, by_element=ELEMENTS), "errors")  # type: ignore[typeddict-item]
    return capsys.readouterr().out


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def test_long_names_of_kinds_are_whole_and_the_least_needed_columns_go(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kinds = [f"Interface_MoS2_{edge}_300K" for edge in ("zigzag", "armchair", "basal")]
    text = printed(kinds, capsys)
    assert all(kind in text for kind in kinds) and "…" not in text
    assert max(map(len, text.splitlines())) <= 80
    assert "0.1234" in text and "12.34" in text and "0.00123" in text
    assert "23.45" not in text  # the root mean square of energies went first
    short = printed(["md", "rattled"], capsys)
    assert all(value in short for value in ("123456", "0.2345", "23.45"))


def test_names_longer_than_a_line_are_folded_and_differ(capsys: pytest.CaptureFixture[str]) -> None:
    text = printed(["Interface" * 9 + "_a", "Interface" * 9 + "_b"], capsys)
    assert "_a " in text and "_b " in text and "…" not in text
    assert max(map(len, text.splitlines())) <= 80
