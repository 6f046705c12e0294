"""Every wrong input ends at once with one clear message and a non-zero status."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.pair_style.conftest import Run, a_gas, header, write_start

Models = Callable[..., Path]
Lammps = Callable[..., Run]


def deck(tmp_path: Path, pair: str, *, units: str = "metal", extra: str = "") -> str:
    box = write_start(tmp_path, a_gas())
    return header(box, pair=pair, units=units, extra=extra) + "run 0\n"


OK = "pair_style ipip\npair_coeff * * float64.pt O Mo S"


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("pair_style ipip\npair_coeff * * nothing.pt O Mo S", "nothing.pt: there is no such file"),
        (
            "pair_style ipip\npair_coeff * * float64.pt O Mo Fe",
            "atom type 3 is Fe, but the student",
        ),
        ("pair_style ipip\npair_coeff * * float64.pt O Mo", "names 2 elements, but there are 3"),
        ("pair_style ipip\npair_coeff 1 2 float64.pt O Mo S", "must start with * *"),
        ("pair_style ipip\npair_coeff * * float64.pt NULL NULL NULL", "all types are NULL"),
        ("pair_style ipip speed high", "keyword speed is not known"),
        ("pair_style ipip backend", "keyword backend has no value"),
        ("pair_style ipip backend magic", "backend is magic"),
        ("pair_style ipip device tpu", "device is tpu"),
        ("pair_style ipip threads 0", "threads is 0"),
    ],
)
def test_wrong_commands(
    models: Models, lammps: Lammps, tmp_path: Path, pair: str, message: str
) -> None:
    models()
    run = lammps(deck(tmp_path, pair))
    assert run.status != 0
    assert message in run.errors


@pytest.mark.parametrize("units", ["lj", "si", "electron"])
def test_other_units_are_refused(
    models: Models, lammps: Lammps, tmp_path: Path, units: str
) -> None:
    models()
    run = lammps(deck(tmp_path, OK, units=units))
    assert run.status != 0
    assert f"units are {units}, expected metal or real" in run.errors


def test_truncated_and_foreign_files_are_refused(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    whole = models().read_bytes()
    model = tmp_path / "float64.pt"
    for content, message in (
        (b"", "not a TorchScript archive"),
        (b"units metal\n", "not a TorchScript archive"),
        (whole[: len(whole) // 2], "libtorch cannot read it"),
    ):
        model.write_bytes(content)
        run = lammps(deck(tmp_path, OK))
        assert run.status != 0
        assert message in run.errors
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(model))
    run = lammps(deck(tmp_path, OK))
    assert run.status != 0
    assert "not an ipip student" in run.errors


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"format_version": 1', '"format_version": 9', "format_version is 9, expected 1"),
        ('"dtype": "float64",\n "units"', '"dtype": "float16",\n "units"', 'dtype is "float16"'),
        ('"energy": "eV"', '"energy": "Ha"', 'units.energy is "Ha"'),
        ('"cutoff": 5.0,\n "layers"', '"cutoff": -5.0,\n "layers"', "cutoff is -5"),
        ('"n_heads": 1', '"n_head": 1', "n_heads is missing"),
        ('"format": "ipip-student"', '"format" "x"', "metadata is not JSON"),
    ],
)
def test_wrong_metadata_names_the_field(
    models: Models, lammps: Lammps, tmp_path: Path, old: str, new: str, message: str
) -> None:
    model = models()
    with zipfile.ZipFile(model) as archive:
        items = [(i, archive.read(i)) for i in archive.infolist()]
    changed = 0
    with zipfile.ZipFile(model, "w") as archive:
        for item, data in items:
            if item.filename.endswith("ipip.json"):
                changed = data.decode().count(old)
                data = data.decode().replace(old, new).encode()
            archive.writestr(item, data)
    assert changed >= 1
    run = lammps(deck(tmp_path, OK))
    assert run.status != 0
    assert message in run.errors


def test_more_ranks_are_refused(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models()
    run = lammps(deck(tmp_path, OK), ranks=2, timeout=60)
    assert run.status != 0
    assert "runs on one MPI rank, but there are 2" in run.errors


def test_a_run_that_leaves_what_is_finite_stops(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    run = lammps(
        header(box)
        + "thermo_modify lost error\nvelocity all create 1.0e9 3\nfix 1 all nve\nrun 200\n"
    )
    assert run.status != 0
    assert run.errors.startswith("ERROR")


def test_bonded_neighbours_must_not_be_left_out(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    run = lammps(
        "units metal\natom_style bond\nregion box block 0 10 0 10 0 10\n"
        "create_box 3 box bond/types 1 extra/bond/per/atom 2 extra/special/per/atom 2\n"
        "create_atoms 2 single 5 5 5\ncreate_atoms 3 single 5 5 7\nmass * 10\n"
        "pair_style ipip\npair_coeff * * float64.pt O Mo S\n"
        "bond_style harmonic\nbond_coeff 1 1.0 1.0\nrun 0\n"
    )
    assert run.status != 0
    assert "special_bonds lj/coul 1 1 1" in run.errors
