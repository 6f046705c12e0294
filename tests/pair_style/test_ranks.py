"""Any number of ranks computes what one does, by the plan and by LAMMPS' own messages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
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
    write_start,
)
from tests.pair_style.rank_runs import BACKENDS, answers, ask, assert_same, on_ranks, pair

Models = Callable[..., Path]
Lammps = Callable[..., Run]

# (system, ranks, processor grid); boxes of crystal, slab and tiny cell are shorter than two cutoffs
CASES: list[tuple[Callable[[], Atoms], int, str]] = [
    (a_gas, 2, "1 1 2"),
    (a_gas, 4, "4 1 1"),
    (a_slab, 2, "1 2 1"),
    (a_slab, 4, "2 2 1"),
    (a_crystal, 2, "2 1 1"),
    (a_crystal, 4, "1 2 2"),
    (a_tiny_cell, 2, "2 1 1"),
    (a_molecule, 4, "1 2 2"),
]


@pytest.mark.parametrize(("system", "ranks", "grid"), CASES)
def test_ranks_and_both_exchanges_agree(
    models: Models,
    lammps: Lammps,
    tmp_path: Path,
    system: Callable[[], Atoms],
    ranks: int,
    grid: str,
) -> None:
    models(layers=3, zbl=True)
    box = write_start(tmp_path, system())
    expected = on_ranks(lammps, header(box, pair=pair()) + ask("one"), 1)
    run = lammps(
        header(box, extra=f"processors {grid}", pair=pair("halo plan check yes"))
        + ask("plan")
        + pair("halo comm check yes")
        + ask("comm"),
        ranks=ranks,
    )
    assert_same(answers(run, "plan"), expected)
    assert_same(answers(run, "comm"), expected)


def test_tiled_domains_that_are_balanced_agree(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    atoms = a_gas()
    atoms.positions[:, 0] *= 0.6  # most atoms in one half
    box = write_start(tmp_path, atoms)
    expected = on_ranks(lammps, header(box, pair=pair()) + ask("one"), 1)
    run = lammps(
        header(box, extra="comm_style tiled", pair=pair("check yes"))
        + "balance 1.0 rcb\n"
        + ask("plan")
        + pair("halo comm check yes")
        + ask("comm"),
        ranks=4,
    )
    assert_same(answers(run, "plan"), expected)
    assert_same(answers(run, "comm"), expected)


def test_a_grid_in_three_dimensions_agrees(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models(zbl=True)
    box = write_start(tmp_path, a_crystal())
    expected = on_ranks(lammps, header(box, pair=pair()) + ask("one"), 1)
    deck = header(box, extra="processors 2 2 2", pair=pair("check yes")) + ask("one")
    assert_same(on_ranks(lammps, deck, 8), expected)


@pytest.mark.parametrize("architecture", ["painn", "visnet"])
def test_float32_agrees_to_its_precision(
    models: Models, lammps: Lammps, tmp_path: Path, architecture: str
) -> None:
    more = {"attention_heads": 2} if architecture == "visnet" else {}
    models("float32", architecture=architecture, layers=3, **more)
    box = write_start(tmp_path, a_crystal())
    chosen = pair(f"{BACKENDS[architecture]} check yes", "float32.pt")
    expected = on_ranks(lammps, header(box, pair=chosen) + ask("one"), 1)
    found = on_ranks(lammps, header(box, pair=chosen) + ask("one"), 2)
    assert_same(found, expected, 2e-5)


def test_visnet_agrees(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models(architecture="visnet", attention_heads=2, layers=3)
    box = write_start(tmp_path, a_gas())
    backend = BACKENDS["visnet"]
    expected = on_ranks(lammps, header(box, pair=pair(backend)) + ask("one"), 1)
    deck = header(box, pair=pair(f"{backend} check yes")) + ask("one")
    assert_same(on_ranks(lammps, deck, 4), expected)


def test_a_student_of_one_layer_exchanges_nothing_but_forces(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models(layers=1)
    box = write_start(tmp_path, a_gas())
    expected = on_ranks(lammps, header(box, pair=pair()) + ask("one"), 1)
    assert_same(on_ranks(lammps, header(box, pair=pair()) + ask("one"), 2), expected)


def test_tags_need_not_be_consecutive(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    sparse = "group gone id 2 9 17\ndelete_atoms group gone compress no\n"
    deck = header(box, pair=pair()) + sparse + ask("one")
    expected = on_ranks(lammps, deck, 1)
    assert_same(on_ranks(lammps, deck, 2), expected)
    assert list(np.diff(expected["id"])).count(2.0) == 3
