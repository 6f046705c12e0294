"""The contract of all students. A new student gets its tests by one line in `STUDENTS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ipip.models import Student
from ipip.models.registry import ARCHITECTURES
from tests.models.contract import StudentContract
from tests.models.rank_contract import RankContract
from tests.pair_style.conftest import lammps  # noqa: F401  a fixture

STUDENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "painn": ("painn", {}),
    "painn-shared-gaussian": (
        "painn",
        {"shared_filters": True, "radial": "gaussian", "layers": 3},
    ),
    "painn-zbl": ("painn", {"zbl": True}),
    "visnet-1": ("visnet", {"attention_heads": 2, "layers": 3}),
    "visnet-2": ("visnet", {"attention_heads": 4, "lmax": 2, "layers": 3}),
}


@pytest.fixture(params=STUDENTS)
def make(
    request: pytest.FixtureRequest, make_student: Callable[..., Student]
) -> Callable[..., Student]:
    """Make the student of this line, with some arguments changed."""
    architecture, arguments = STUDENTS[request.param]
    return lambda **more: make_student(architecture, **(arguments | more))


def test_every_architecture_is_in_the_suite() -> None:
    assert {architecture for architecture, _ in STUDENTS.values()} == set(ARCHITECTURES)


class TestStudents(StudentContract):
    """The contract, for each line."""


class TestStudentsOnRanks(RankContract):
    """The contract on ranks, for each line."""
