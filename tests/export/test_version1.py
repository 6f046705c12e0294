"""Model files of format version 1, which hold their weights only as TorchScript stores them.

`version1/` has one of each kind, written by the version of ipip that wrote this format.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.zip_records import rewritten

from ipip import _core, load_student, read_metadata, save_student
from ipip.errors import InputError
from ipip.export import weights_digest
from ipip.export.model_file import load_scripted
from ipip.network import energy_and_forces

FOLDER = Path(__file__).parent / "version1"
# Energies in eV of a pair of Mo and S, 2 Å apart, by TorchScript at the time.
ENERGIES = {
    "painn": -1.787298960510057,
    "painn-shared-filters": -2.923554353150035,
    "visnet": -1.7124036009343087,
}
PAIR = (np.array([0, 1]), np.array([[0, 1], [1, 0]]), np.array([[2.0, 0, 0], [-2.0, 0, 0]]))


@pytest.mark.parametrize("name", ENERGIES)
def test_python_rebuilds_the_student(name: str) -> None:
    path = FOLDER / f"{name}.pt"
    assert read_metadata(path).format_version == 1
    student = load_student(path)
    assert weights_digest(student.state_dict()) == read_metadata(path).weights_digest
    energy, _, _ = energy_and_forces(student, *(torch.as_tensor(array) for array in PAIR))
    assert float(energy[0]) == pytest.approx(ENERGIES[name], rel=1e-6)


@pytest.mark.parametrize(
    ("name", "backend"),
    [
        ("painn", "auto"),
        ("painn", "torchscript"),
        ("painn-shared-filters", "auto"),
        ("painn-shared-filters", "torchscript"),
        ("visnet", "torchscript"),
    ],
)
def test_libipip_evaluates_it(name: str, backend: str) -> None:
    student = _core.Student(str(FOLDER / f"{name}.pt"), backend=backend)
    assert student.compute(*PAIR, 2)["energy"] == pytest.approx(ENERGIES[name], rel=1e-6)


def test_auto_does_not_fall_back_to_the_program_in_the_file() -> None:
    with pytest.raises(_core.CoreError, match="backend torchscript runs the program in"):
        _core.Student(str(FOLDER / "visnet.pt"))


@pytest.mark.parametrize("name", ENERGIES)
def test_saving_it_again_gives_version_2_with_the_same_weights(name: str, tmp_path: Path) -> None:
    old = read_metadata(FOLDER / f"{name}.pt")
    new = save_student(load_student(FOLDER / f"{name}.pt"), tmp_path / "new.pt")
    assert new.format_version == 2 and new.weights_digest == old.weights_digest
    again = load_student(tmp_path / "new.pt")
    assert weights_digest(again.state_dict()) == old.weights_digest


@pytest.mark.parametrize(
    "program",
    [
        b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.",  # calls a program
        b"\x80\x02c__torch__.a\nB\n)\x81)b.",  # a custom state: __setstate__
        b"\x80\x02c__torch__.a\nB\n)\x81}(X\x01\x00\x00\x00ah\xffub.",  # missing memo
        b"\x80\x02]q\x00h\x00a.",  # a list within itself
        b"\x80\x02(((((((((((((((((((.",
        b"\x80\x02)" + 100_000 * b"\x85" + b".",
        b"\x80\x02X\xff\xff\xff\xff.",
        b"\x80\x02r\xff\xff\xff\xff.",
        b".",
        b"",
    ],
)
def test_a_pickle_that_does_anything_else_is_refused(program: bytes, tmp_path: Path) -> None:
    path = tmp_path / "student.pt"
    rewritten(FOLDER / "painn.pt", path, {"data.pkl": lambda data: program})
    with pytest.raises(InputError, match="its weights cannot be read"):
        load_student(path)
    with pytest.raises(_core.CoreError, match="its weights cannot be read"):
        _core.Student(str(path))


def test_other_weights_than_the_digest_says_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "student.pt"
    rewritten(FOLDER / "painn.pt", path, {"data/9": lambda data: bytes(len(data))})
    for load in (load_student, load_scripted, lambda path: _core.Student(str(path))):
        with pytest.raises((InputError, _core.CoreError), match="the weights' digest is not"):
            load(path)  # type: ignore[operator]


def test_a_copy_needs_nothing_of_its_name(tmp_path: Path) -> None:
    shutil.copy(FOLDER / "painn.pt", tmp_path / "another name.pt")
    assert load_student(tmp_path / "another name.pt").symbols == ["Mo", "S", "O"]
