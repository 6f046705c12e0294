"""Decks on the emulated device, on any number of ranks, agree with the CPU on one."""

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


HOST = "halo rows travel through pinned memory of the host"


@pytest.mark.parametrize(
    ("system", "ranks", "grid", "keywords", "notice"),
    [
        (a_molecule, 1, "* * *", "", "pairs are found on the device"),
        (a_crystal, 1, "* * *", "", "pairs are found on the device"),
        (a_gas, 2, "1 1 2", "", f"{HOST}, since MPI does not report"),
        (a_tiny_cell, 2, "2 1 1", "gpu_aware yes", "halo rows travel from device to device"),
        (a_slab, 4, "2 2 1", "gpu_aware yes", "halo rows travel from device to device"),
        (a_molecule, 4, "1 2 2", "gpu_aware no", f"{HOST}, since gpu_aware is no"),
        (a_crystal, 2, "1 2 1", "halo comm", "pairs are found on the device"),
    ],
)
def test_one_step(
    models: Models,  # noqa: F811
    lammps: Lammps,  # noqa: F811
    tmp_path: Path,
    system: Callable[[], Atoms],
    ranks: int,
    grid: str,
    keywords: str,
    notice: str,
) -> None:
    models(layers=3, zbl=True)
    box = write_start(tmp_path, system())
    expected = on_ranks(lammps, header(box, pair=pair()) + ask("one"), 1)
    chosen = pair(f"device emulate check yes {keywords}")
    deck = header(box, extra=f"processors {grid}", pair=chosen) + ask("one")
    run = lammps(deck, ranks=ranks)
    assert_same(answers(run, "one"), expected)
    assert "; kernels, emulated, tables of " in run.output
    assert f"ipip: {notice}" in run.output


def test_a_hybrid_style_gets_the_pairs_of_its_list(
    models: Models,  # noqa: F811
    lammps: Lammps,  # noqa: F811
    tmp_path: Path,
) -> None:
    models(zbl=True)
    box = write_start(tmp_path, a_crystal())
    results, outputs = [], []
    for keywords in ("", "device emulate"):
        style, coeff = pair(keywords).splitlines()
        hybrid = style.replace("pair_style", "pair_style hybrid/overlay zero 5.0")
        commands = f"{hybrid}\npair_coeff * * zero\n{coeff.replace('* *', '* * ipip')}\n"
        run = lammps(header(box, pair=commands) + ask("one"))
        results.append(answers(run, "one"))
        outputs.append(run.output)
    assert_same(results[1], results[0])
    assert "pairs come from LAMMPS' neighbour list, since pair_style hybrid" in outputs[1]


def test_atoms_that_are_excluded_are_not_in_the_system(
    models: Models,  # noqa: F811
    lammps: Lammps,  # noqa: F811
    tmp_path: Path,
) -> None:
    models(zbl=True)
    box = write_start(tmp_path, a_gas())
    gone = "group gone id 2 5 9\nneigh_modify exclude group gone all\n"
    results = []
    for keywords, ranks in (("", 1), ("device emulate", 1), ("device emulate", 2)):
        run = lammps(header(box, pair=pair(keywords)) + gone + ask("one"), ranks=ranks)
        results.append(answers(run, "one"))
    for found in results[1:]:
        assert_same(found, results[0])


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_trajectory_through_neighbour_lists(
    models: Models,  # noqa: F811
    lammps: Lammps,  # noqa: F811
    tmp_path: Path,
    ranks: int,
) -> None:
    """Atoms cross borders and lists are rebuilt; energies match the CPU in each step."""
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
