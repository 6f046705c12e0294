"""Model files are read back unchanged, and everything else is refused in one sentence."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.zip_records import with_metadata

import ipip
from ipip.errors import InputError
from ipip.export import load_scripted, load_student, read_metadata, save_student
from ipip.models import Student, build_student

Make = Callable[..., Student]


@pytest.fixture
def saved(make_student: Make, tmp_path: Path) -> Path:
    path = tmp_path / "student.pt"
    save_student(make_student(), path, training={"note": "test"})
    return path


def rewrite(path: Path, change: Callable[[dict[str, Any]], object]) -> Path:
    """Change the metadata of a model file."""
    return with_metadata(path, path.with_name("changed.pt"), change)


def test_a_student_is_read_back_bit_for_bit(make_student: Make, saved: Path) -> None:
    student, metadata = load_student(saved), read_metadata(saved)
    original = make_student().state_dict()
    assert metadata.symbols == ["Mo", "S", "O"] and metadata.training == {"note": "test"}
    assert all(torch.equal(v, original[k]) for k, v in student.state_dict().items())
    assert metadata.reference_energies == {"Mo": -3.0, "S": -2.0, "O": -1.0}


def test_saving_leaves_the_student_trainable(make_student: Make, tmp_path: Path) -> None:
    student = make_student()
    save_student(student, tmp_path / "student.pt")
    assert all(p.requires_grad for p in student.parameters()) and student.training


def test_saving_leaves_no_temporary_file(saved: Path) -> None:
    assert [p.name for p in saved.parent.iterdir()] == ["student.pt"]


def test_a_file_holds_no_path_of_the_machine_that_wrote_it(saved: Path) -> None:
    package = str(Path(ipip.__file__).parent).encode()
    with zipfile.ZipFile(saved) as archive:
        names = archive.namelist()
        assert not [name for name in names if package in archive.read(name)]
    assert any("/code/" in name for name in names)  # TorchScript's program itself is in it
    load_scripted(saved)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_metadata(tmp_path / "nothing.pt")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.95])
def test_a_truncated_file_is_refused(saved: Path, share: float) -> None:
    data = saved.read_bytes()
    saved.write_bytes(data[: int(share * len(data))])
    with pytest.raises(InputError, match="truncated"):
        load_student(saved)


def test_another_torchscript_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pt"
    torch.jit.script(torch.nn.Linear(2, 2)).save(str(path))
    with pytest.raises(InputError, match="not an ipip student"):
        read_metadata(path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda m: m.update(format="other"), "format is 'other'"),
        (lambda m: m.update(format_version=99), "format version is 99"),
        (lambda m: m.update(cutoff=-1), "cutoff"),
        (lambda m: m.update(symbols=["Mo", "Mo", "O"]), "distinct"),
        (lambda m: m.update(dtype="float16"), "dtype"),
        (lambda m: m["units"].update(energy="kcal/mol"), "units.energy"),
        (lambda m: m.update(halo_widths=[]), "halo_widths"),
        (lambda m: m.pop("layers"), "layers"),
        (lambda m: m.update(surprise=1), "surprise"),
        (lambda m: m.update(weights_digest="sha256:" + "0" * 64), "digest"),
        (lambda m: m.update(architecture="schnet"), "architecture 'schnet' is unknown"),
    ],
)
def test_each_wrong_field_is_reported_in_one_sentence(
    saved: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_student(rewrite(saved, change))
    assert "\n" not in str(caught.value)


def test_changed_weights_are_noticed(saved: Path, make_student: Make, tmp_path: Path) -> None:
    other = tmp_path / "other.pt"
    save_student(
        build_student("painn", ["Mo", "S", "O"], channels=8, layers=2, dtype="float64"), other
    )
    digest = read_metadata(saved).weights_digest
    with pytest.raises(InputError, match="digest"):
        load_student(rewrite(other, lambda m: m.update(weights_digest=digest)))


def test_a_folder_is_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="folder"):
        read_metadata(tmp_path)
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"cutoff": 0.0}, "cutoff is 0.0"),
        ({"channels": 0}, "channels is 0"),
        ({"radial": "bessel7"}, "radial basis"),
        ({"envelope": "step"}, "envelope"),
        ({"dtype": "float16"}, "float32 or float64"),
        ({"width": 3}, "no argument 'width'"),
    ],
)
def test_wrong_arguments_of_a_student_are_reported(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        build_student("painn", ["Mo"], **arguments)
