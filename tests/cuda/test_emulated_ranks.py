"""Decks on the emulated device, on any number of ranks, compute what the cpu does on one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ase import Atoms

from tests.pair_style.conftest import (
    Run,
    a_crystal,
    a_gas,
    a_molecule,
    a_slab,
    a_tiny_cell,
    header,
    lammps,  # noqa: F401  # a fixture
    models,  # noqa: F401  # a fixture
    write_start,
)
from tests.pair_style.rank_runs import answers, ask, assert_same, on_ranks, pair

Models = Callable[..., Path]
Lammps = Callable[..., Run]


@pytest.mark.parametrize(
    ("system", "ranks", "grid"),
    [
        (a_molecule, 1, "* * *"),
        (a_crystal, 1, "* * *"),
        (a_gas, 2, "1 1 2"),
        (a_tiny_cell, 2, "2 1 1"),
        (a_slab, 4, "2 2 1"),
        (a_molecule, 4, "1 2 2"),
    ],
)
def test_one_step(
    models: Models,  # noqa: F811
    lammps: Lammps,  # noqa: F811
    tmp_path: Path,
    system: Callable[[], Atoms],
    ranks: int,
    grid: str,
) -> None:
    models(layers=3, zbl=True)
    box = write_start(tmp_path, system())
    expected = on_ranks(lammps, header(box, pair=pair()) + ask("one"), 1)
    chosen = pair("device emulate check yes")
    deck = header(box, extra=f"processors {grid}", pair=chosen) + ask("one")
    run = lammps(deck, ranks=ranks)
    assert_same(answers(run, "one"), expected)
    assert "; kernels, emulated, tables of " in run.output


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_trajectory_through_neighbour_lists(
    models: Models,  # noqa: F811
    lammps: Lammps,  # noqa: F811
    tmp_path: Path,
    ranks: int,
) -> None:
    """Atoms cross borders and lists are made anew; energies are those of the cpu in each step."""
    models(zbl=True)
    box = write_start(tmp_path, a_gas())
    dynamics = (
        "velocity all create 3000 1 loop geom\nfix 1 all nve\ntimestep 0.001\n"
        "neighbor 0.5 bin\nneigh_modify every 1 delay 0 check yes\n"
        "thermo 10\nthermo_style custom step pe\nthermo_modify norm no\nrun 60\n"
        'print "[$(pe:%.17g), $(step)]" file values.json screen no\n'
    )
    energies = []
    for keywords, n in (("", 1), ("device emulate", ranks)):
        run = lammps(header(box, pair=pair(keywords)) + dynamics, ranks=n)
        assert run.status == 0, run.output
        assert "Dangerous builds = 0" in run.output
        energies.append(run.values())
    assert energies[1] == pytest.approx(energies[0], rel=1e-9)
