"""The record in the model file."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipip import _core
from ipip.errors import InputError
from ipip.export import check_file, load_scripted, load_student, read_metadata, save_student
from ipip.export.extra_records import with_records
from ipip.export.safetensors import to_safetensors
from ipip.models import Student
from ipip.uncertainty import read_uncertainty, write_uncertainty
from ipip.uncertainty.record import RECORD, carry_uncertainty
from tests.uncertainty.made_up import made_up

Make = Callable[..., Student]


@pytest.fixture
def plain(make_student: Make, tmp_path: Path) -> Path:
    """A student without expected errors."""
    save_student(make_student(), tmp_path / "plain.pt")
    return tmp_path / "plain.pt"


@pytest.fixture
def model(plain: Path, tmp_path: Path) -> Path:
    """The same student with an uncertainty."""
    write_uncertainty(plain, made_up(8), tmp_path / "student.pt")
    return tmp_path / "student.pt"


def test_a_written_record_is_read_back(plain: Path, model: Path) -> None:
    assert read_uncertainty(plain) is None
    found, expected = read_uncertainty(model), made_up(8)
    assert found is not None and found.fitted_on == expected.fitted_on
    features, species = np.random.default_rng(3).normal(size=(9, 8)), np.arange(9) % 3
    np.testing.assert_array_equal(
        found.expected(features, species), expected.expected(features, species)
    )
    assert found.calibration.factor == expected.calibration.factor


def test_the_student_is_the_same_for_every_reader_and_its_program_runs(
    plain: Path, model: Path
) -> None:
    before, after = read_metadata(plain), check_file(model)
    assert after.weights_digest == before.weights_digest
    assert after.code_digest != before.code_digest  # of all records but the two plain ones
    load_student(model)
    load_scripted(model)
    assert _core.Student(str(model), backend="torchscript").has_uncertainty
    assert not _core.Student(str(plain)).has_uncertainty


def test_records_of_torchscript_stay_byte_for_byte(plain: Path, model: Path) -> None:
    with zipfile.ZipFile(plain) as before, zipfile.ZipFile(model) as after:
        assert after.testzip() is None
        for info in before.infolist():
            if not info.filename.endswith("/extra/ipip.json"):
                assert before.read(info) == after.read(info.filename)
        added = set(after.namelist()) - set(before.namelist())
    assert [name.partition("/")[2] for name in added] == [RECORD]


def test_a_new_one_takes_the_place_of_the_old_and_the_file_does_not_grow(model: Path) -> None:
    size = model.stat().st_size
    for seed in (1, 2):
        write_uncertainty(model, made_up(8, seed=seed))
    found = read_uncertainty(model)
    assert found is not None
    np.testing.assert_array_equal(found.density.means, made_up(8, seed=2).density.means)
    assert abs(model.stat().st_size - size) < 200


def test_it_is_kept_when_a_student_is_written_again(
    make_student: Make, model: Path, tmp_path: Path
) -> None:
    save_student(load_student(model), tmp_path / "anew.pt")
    carry_uncertainty(model, tmp_path / "anew.pt")
    assert read_uncertainty(tmp_path / "anew.pt") is not None
    load_scripted(tmp_path / "anew.pt")


def test_one_of_other_weights_is_refused_in_python_and_in_cpp(
    make_student: Make, model: Path, tmp_path: Path
) -> None:
    with zipfile.ZipFile(model) as archive:
        name = next(n for n in archive.namelist() if n.endswith(RECORD))
        record = archive.read(name)
    other = tmp_path / "other.pt"
    save_student(make_student(layers=1), other)
    other.write_bytes(with_records(other.read_bytes(), {RECORD: record}, "other.pt"))
    with pytest.raises(InputError, match="fitted to other weights"):
        read_uncertainty(other)
    with pytest.raises(_core.CoreError, match="fitted to other weights"):
        _core.Student(str(other))


@pytest.mark.parametrize("what", ["missing", "shape", "nan", "falling", "texts", "short"])
def test_a_wrong_record_is_refused_in_one_sentence_by_both_readers(
    model: Path, tmp_path: Path, what: str
) -> None:
    known = read_uncertainty(model)
    assert known is not None
    arrays = {
        "whitening": known.density.whitening.copy(),
        "means": known.density.means.copy(),
        "scores": known.calibration.scores.copy(),
        "errors": known.calibration.errors.copy(),
    }
    texts = {"weights_digest": read_metadata(model).weights_digest, "uncertainty": "{}"}
    if what == "missing":
        del arrays["means"]
    elif what == "shape":
        arrays["means"] = arrays["means"][:, :-1]
    elif what == "nan":
        arrays["whitening"][0, 0, 0] = np.nan
    elif what == "falling":
        arrays["scores"] = arrays["scores"][:, ::-1].copy() - 0.0
        arrays["scores"][:, 0] = -1.0
    elif what == "texts":
        texts = {"weights_digest": "no digest"}
    record = to_safetensors(arrays, texts)
    if what == "short":
        record = record[:100]
    bad = tmp_path / "bad.pt"
    bad.write_bytes(with_records(model.read_bytes(), {RECORD: record}, "bad.pt"))
    for read in (read_uncertainty, lambda path: _core.Student(str(path))):
        with pytest.raises(
            (InputError, _core.CoreError), match=r"ipip-uncertainty\.safetensors cannot be read"
        ) as told:
            read(bad)
        assert "\n" not in str(told.value) and str(bad) in str(told.value)
