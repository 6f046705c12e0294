"""What decks do between and within runs, on the emulated device and on the cpu."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.pair_style.conftest import (
    Run,
    a_crystal,
    header,
    lammps,  # noqa: F401  # a fixture
    models,  # noqa: F401  # a fixture
    write_start,
)
from tests.pair_style.rank_runs import pair

NVE = "fix nve all nve\n"
THERMO = "thermo 4\nthermo_style custom step pe press\nthermo_modify norm no\n"
DECKS = {
    "energies in some steps alone": NVE + "run 9\n",
    "no steps, twice": "run 0\nrun 0\n",
    "a cell that is strained": NVE + "fix strain all deform 1 x erate 5.0 remap x\nrun 6\n",
    "a cell that is changed": NVE + "run 2\nchange_box all z scale 1.02 remap\nrun 2\n",
    "a minimum": "min_style cg\nminimize 0.0 1.0e-8 4 20\n",
    "velocities between runs": NVE + "run 2\nvelocity all create 600.0 4711\nrun 3\n",
    "atoms that come": NVE + "run 2\ncreate_atoms 2 single 0.31 0.87 1.13\nmass 2 32.06\nrun 2\n",
    "atoms that go": NVE + "run 2\ngroup few id 1 3\ndelete_atoms group few compress no\nrun 2\n",
    "newton off": NVE + "run 3\n",
    "wider ghosts": "comm_modify cutoff 9.0\n" + NVE + "run 3\n",
    "excluded groups": "group few id 1 3\nneigh_modify exclude group few all\n" + NVE + "run 3\n",
}


@pytest.mark.parametrize("name", DECKS)
def test_a_deck_gives_the_same_as_on_the_cpu(
    name: str,
    models: Callable[..., Path],  # noqa: F811
    lammps: Callable[..., Run],  # noqa: F811
    tmp_path: Path,
) -> None:
    models(layers=2, zbl=True)
    box = write_start(tmp_path, a_crystal())
    found = []
    for device in ("cpu", "emulate"):
        extra = "newton off" if name == "newton off" else ""
        deck = (
            header(box, extra=extra, pair=pair(f"device {device}"))
            + "timestep 0.0005\n"
            + THERMO
            + DECKS[name]
            + "variable energy equal pe\nvariable pressure equal press\nrun 0\n"
            + 'print "${energy} ${pressure}" file totals.txt screen no\n'
            + "write_dump all custom out.dump id x y z fx fy fz modify sort id format float %.15g\n"
        )
        run = lammps(deck)
        assert run.status == 0, run.errors
        found.append((run.dump(), np.loadtxt(tmp_path / "totals.txt")))
    (on_cpu, totals), (emulated, other_totals) = found
    np.testing.assert_allclose(emulated, on_cpu, rtol=0.0, atol=1e-9 * np.abs(on_cpu).max())
    np.testing.assert_allclose(other_totals, totals, rtol=1e-8, atol=1e-7)
