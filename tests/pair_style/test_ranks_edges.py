"""Ranks without atoms, without students' atoms, without pairs; atoms that come and go."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from tests.pair_style.conftest import Run, a_gas, header, write_start
from tests.pair_style.rank_runs import BACKENDS, ask, assert_same, on_ranks, pair

Models = Callable[..., Path]
Lammps = Callable[..., Run]


def in_a_corner(symbols: str, spacing: float = 2.3) -> Atoms:
    """A row of atoms near the origin of a long box: ranks far along x have none."""
    atoms = Atoms(symbols, cell=[48.0, 14.0, 14.0], pbc=True)
    atoms.positions[:, 0] = 1.0 + spacing * np.arange(len(atoms))
    atoms.positions[:, 1:] = 5.0
    atoms.rattle(0.05, seed=1)
    return atoms


@pytest.mark.parametrize(
    ("symbols", "spacing"),
    [("MoSOMoS", 2.3), ("Mo", 1.0), ("MoSO", 15.5), ("MoSOMoSOMo", 6.5)],
    ids=["two ranks empty", "one atom", "no pairs", "no pairs, every rank"],
)
@pytest.mark.parametrize("architecture", ["painn", "visnet"])
def test_ranks_without_atoms_or_pairs_take_part(
    models: Models,
    lammps: Lammps,
    tmp_path: Path,
    architecture: str,
    symbols: str,
    spacing: float,
) -> None:
    more = {"attention_heads": 2} if architecture == "visnet" else {}
    models(architecture=architecture, layers=3, **more)
    box = write_start(tmp_path, in_a_corner(symbols, spacing))
    backend = BACKENDS[architecture]
    expected = on_ranks(lammps, header(box, pair=pair(backend)) + ask("one"), 1)
    deck = header(box, extra="processors 4 1 1", pair=pair(f"{backend} check yes"))
    assert_same(on_ranks(lammps, deck + ask("one"), 4), expected)


def test_no_atoms_at_all(models: Models, lammps: Lammps) -> None:
    models()
    run = lammps(
        "units metal\nregion box block 0 20 0 20 0 20\ncreate_box 3 box\nmass * 10\n"
        f"{pair('check yes')}thermo_modify norm no\nrun 3\n"
        'print "[$(pe)]" file values.json screen no\n',
        ranks=2,
    )
    assert run.status == 0, run.output
    assert run.values() == [0.0]


def test_a_rank_may_have_only_atoms_that_the_student_leaves_out(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    atoms = a_gas()
    atoms.numbers[atoms.positions[:, 2] > 5.0] = 8
    atoms.numbers[atoms.positions[:, 2] < 5.0] = 42
    box = write_start(tmp_path, atoms)
    commands = (
        "pair_style hybrid/overlay ipip check yes lj/cut 4.0\n"
        "pair_coeff * * ipip float64.pt NULL Mo S\npair_coeff 1 * lj/cut 0.01 2.5\n"
    )
    expected = on_ranks(lammps, header(box, pair=commands) + ask("one"), 1)
    assert np.abs(expected["forces"]).max() > 0.1
    deck = header(box, extra="processors 1 1 2", pair=commands)
    assert_same(on_ranks(lammps, deck + ask("one"), 2), expected)


CHANGES = {
    "delete": "group gone id 3 7 8 20\ndelete_atoms group gone compress no\nrun 0\n",
    "create": "create_atoms 3 single 5.5 5.4 0.7 units box\nrun 0\n",
    "replicate": "replicate 2 1 1\n",
    "deposit": "region top block 0 11 0 11 9 11 units box\nfix 1 all nve\ntimestep 0.0002\n"
    "fix 2 all deposit 4 3 5 4711 region top near 1.5\nrun 24\nunfix 2\nunfix 1\n",
    "shift": "balance 1.3 shift xyz 5 1.05\n",
}


@pytest.mark.parametrize("change", CHANGES)
def test_atoms_may_come_and_go(models: Models, lammps: Lammps, tmp_path: Path, change: str) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    first = "" if change == "replicate" else "run 0\n"
    deck = header(box, pair=pair("check yes")) + first + CHANGES[change] + ask("one")
    expected = on_ranks(lammps, deck, 1)
    assert_same(on_ranks(lammps, deck, 2), expected, 1e-9 if change == "deposit" else 1e-10)
