"""A gas of molecules on several ranks: tables, and lone pairs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from tests.models.systems import molecules_in_a_box
from tests.pair_style.conftest import Run, header, write_start
from tests.pair_style.rank_runs import answers, ask, assert_same, on_ranks, pair

Models = Callable[..., Path]
Lammps = Callable[..., Run]


def molecules(n: int = 30, length: float = 26.0, seed: int = 6) -> Atoms:
    """Diatomic molecules of all elements at random places, 3.2 Å apart at least."""
    rng = np.random.default_rng(seed)
    points = molecules_in_a_box(rng, 2 * n, length, 3.2)
    return Atoms(rng.choice([42, 16, 8], 2 * n), points, cell=[length] * 3, pbc=True)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 2e-5)])
@pytest.mark.parametrize(("layers", "ranks"), [(2, 2), (3, 4), (1, 2)])
def test_ranks_and_both_exchanges_agree(
    dtype: str,
    tolerance: float,
    layers: int,
    ranks: int,
    models: Models,
    lammps: Lammps,
    tmp_path: Path,
) -> None:
    models(dtype, layers=layers, channels=48, zbl=True)
    box = write_start(tmp_path, molecules())
    model = f"{dtype}.pt"
    expected = on_ranks(lammps, header(box, pair=pair(model=model)) + ask("one"), 1)
    run = lammps(
        header(box, pair=pair("halo plan check yes", model))
        + ask("plan")
        + pair("halo comm check yes", model)
        + ask("comm"),
        ranks=ranks,
    )
    assert_same(answers(run, "plan"), expected, tolerance)
    assert_same(answers(run, "comm"), expected, tolerance)
    if dtype == "float64":
        scripted = header(box, pair=pair("backend torchscript")) + ask("one")
        assert_same(on_ranks(lammps, scripted, 1), expected, 1e-8)
