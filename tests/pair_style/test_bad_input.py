"""Every wrong input ends at once with one clear message and a non-zero status."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ipip import save_student
from ipip.models import Student
from tests.pair_style.conftest import SYMBOLS, Run, a_gas, header, write_start

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
        ("pair_style ipip\npair_coeff * * . O Mo S", ".: this is a folder; give the path"),
        (
            "pair_style ipip\npair_coeff * * float64.pt O Mo Fe",
            "atom type 3 is Fe, but the student",
        ),
        (
            "pair_style ipip\npair_coeff * * float64.pt O Mo",
            "names 2 elements, expected one (or NULL) for each of the 3",
        ),
        ("pair_style ipip\npair_coeff 1 2 float64.pt O Mo S", "must start with * *"),
        ("pair_style ipip\npair_coeff * * float64.pt", "expected `pair_coeff * * FILE ELEMENT"),
        ("pair_style ipip\npair_coeff * * float64.pt NULL NULL NULL", "every atom type is NULL"),
        (
            "pair_style ipip speed high",
            "keyword speed is unknown, expected backend, bias, bias_width, check, device, "
            "gpu_aware, halo, share or threads",
        ),
        ("pair_style ipip backend", "keyword backend has no value"),
        (
            "pair_style ipip backend magic",
            "backend is magic, expected auto, kernels or torchscript",
        ),
        (
            "pair_style ipip device tpu",
            "device is tpu, expected auto, cpu, cuda, cuda:N or emulate",
        ),
        ("pair_style ipip threads 0", "threads is 0, expected a whole number"),
        ("pair_style ipip threads two", "threads is two, expected a whole number"),
    ],
)
def test_wrong_commands(
    models: Models, lammps: Lammps, tmp_path: Path, pair: str, message: str
) -> None:
    models()
    run = lammps(deck(tmp_path, pair))
    assert run.status != 0
    assert message in run.errors


def test_a_name_that_lammps_changes_is_explained(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models().rename(tmp_path / "ünï.pt")
    run = lammps(deck(tmp_path, "pair_style ipip\npair_coeff * * ünï.pt O Mo S"))
    assert run.status != 0
    assert "LAMMPS changes characters that are not ASCII" in run.errors
    assert "link the file there" in run.errors


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
        (b"", "not a TorchScript file"),
        (b"units metal\n", "not a TorchScript file"),
        (whole[: len(whole) // 2], "the file is damaged or cut off"),
    ):
        model.write_bytes(content)
        run = lammps(deck(tmp_path, OK))
        assert run.status != 0
        assert message in run.errors
    torch.save({"state": torch.ones(3)}, model)
    run = lammps(deck(tmp_path, OK))
    assert "an archive but not TorchScript (a training checkpoint?)" in run.errors
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(model))
    run = lammps(deck(tmp_path, OK))
    assert run.status != 0
    assert "a TorchScript file but not a student" in run.errors


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"format_version": 2', '"format_version": 9', "format_version is 9, this ipip reads 1"),
        ('"dtype": "float64",\n "units"', '"dtype": "float16",\n "units"', 'dtype is "float16"'),
        ('"energy": "eV"', '"energy": "Ha"', 'units.energy is "Ha"'),
        ('"cutoff": 5.0,\n "layers"', '"cutoff": -5.0,\n "layers"', "cutoff is -5"),
        ('"n_heads": 1', '"n_head": 1', "its metadata has no n_heads, expected a whole number"),
        (
            '"format": "ipip-student"',
            '"format" "x"',
            "its metadata cannot be read (JSON, character",
        ),
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


def test_a_number_that_is_none_stops_the_run_and_names_step_and_atom(
    make_student: Callable[..., Student], lammps: Lammps, tmp_path: Path
) -> None:
    student = make_student()
    student.shift[SYMBOLS.index("O")] = torch.inf
    save_student(student, tmp_path / "float64.pt")
    run = lammps(
        "units metal\nregion box block 0 20 0 20 0 20\ncreate_box 3 box\nmass * 10\n"
        f"create_atoms 2 single 5 5 5\ncreate_atoms 3 single 5 5 7.5\n{OK}\nfix 1 all nve\n"
        "run 4\ncreate_atoms 1 single 9 9 9\nrun 4\n"
    )
    assert run.status != 0
    assert "step 4: energy or force of the atom with ID 3 is not finite" in run.errors


def test_two_atoms_at_the_same_place_are_named_beside_one_that_is_nowhere(
    models: Models, lammps: Lammps
) -> None:
    """Atom 1 moves onto atom 3 within the step in which atom 2 becomes not-a-number."""
    models()
    run = lammps(
        "units metal\nregion box block 0 20 0 20 0 20\ncreate_box 3 box\nmass * 10\n"
        "create_atoms 2 single 5.05 5 5\ncreate_atoms 1 single 15 5 5\n"
        f"create_atoms 3 single 5 5 5\n{OK}\nvelocity all set 0 0 0\n"
        "group mover id 1\nvelocity mover set -5e7 0 0\ngroup lost id 2\n"
        "variable nowhere equal 1e308*1e308-1e308*1e308\n"
        "fix 1 lost addforce v_nowhere 0 0\nfix 2 all nve\ntimestep 1e-9\nrun 1\n"
    )
    assert run.status != 0
    assert "the atoms with IDs 1 and 3 are at the same place" in run.errors, run.output


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("backend", ["kernels", "torchscript"])
def test_two_atoms_at_the_same_place_stop_the_run_and_are_named(
    models: Models, lammps: Lammps, tmp_path: Path, backend: str, ranks: int
) -> None:
    """Through the periodic boundary, which with two ranks lies between them."""
    models()
    run = lammps(
        "units metal\nregion box block 0 20 0 10 0 10\ncreate_box 3 box\nmass * 10\n"
        "create_atoms 2 single 0 5 5\ncreate_atoms 3 single 18 5 5\ncreate_atoms 1 single 8 5 5\n"
        f"pair_style ipip backend {backend}\npair_coeff * * float64.pt O Mo S\nrun 0\n"
        "set atom 2 x 19.9999\nrun 0\nset atom 2 x 19.99\nrun 0\n",
        ranks=ranks,
    )
    assert run.status != 0
    assert "step 0: the atoms with IDs" in run.errors
    assert "1 and 2" in run.errors or "2 and 1" in run.errors
    assert "are at the same place (0.000100 A apart)" in run.errors
    assert "delete_atoms overlap" in run.errors
