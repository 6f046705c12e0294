"""Reading a model file without building a network."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tests.zip_records import with_metadata

from ipip import save_student
from ipip.errors import InputError
from ipip.export import check_file, load_core_student, parameters_of, read_metadata, read_weights
from ipip.models import Student

Make = Callable[..., Student]


@pytest.mark.parametrize(
    "arguments",
    [{"architecture": "painn"}, {"shared_filters": True, "layers": 3}, {"radial": "gaussian"},
     {"architecture": "visnet", "layers": 3}, {"n_heads": 2, "zbl": True}],
    ids=str,
)  # fmt: skip
def test_as_many_parameters_as_the_network_has(
    make_student: Make, tmp_path: Path, arguments: dict[str, object]
) -> None:
    student = make_student(**arguments)
    path = tmp_path / "student.pt"
    save_student(student, path)
    assert parameters_of(path) == sum(p.numel() for p in student.parameters())


def test_weights_are_the_network_s_state(make_student: Make, tmp_path: Path) -> None:
    student = make_student("visnet")
    save_student(student, tmp_path / "student.pt")
    metadata, arrays = read_weights(tmp_path / "student.pt")
    assert metadata == read_metadata(tmp_path / "student.pt") == check_file(tmp_path / "student.pt")
    state = student.state_dict()
    assert arrays.keys() == state.keys()
    for name, value in state.items():
        np.testing.assert_array_equal(arrays[name], value.numpy())


def test_a_file_that_contradicts_itself_is_refused(make_student: Make, tmp_path: Path) -> None:
    path = tmp_path / "student.pt"
    save_student(make_student("visnet"), path)
    changed = with_metadata(
        path, tmp_path / "changed.pt", lambda m: m["reference_energies"].update(Mo=-2.5)
    )
    read_metadata(changed)
    with pytest.raises(InputError, match=r"reference_energies\.Mo is -2\.5"):
        check_file(changed)


def test_a_file_that_is_replaced_between_two_reads_is_reported(
    make_student: Make, tmp_path: Path
) -> None:
    save_student(make_student(), tmp_path / "one.pt")
    save_student(make_student(layers=1), tmp_path / "two.pt")
    before = read_metadata(tmp_path / "one.pt")
    with pytest.raises(InputError, match=r"two\.pt: was replaced by another student"):
        load_core_student(tmp_path / "two.pt", metadata=before)
