"""The contract of all students. A new student gets its checks by one line in `STUDENTS`."""

from __future__ import annotations

import numpy as np
import pytest

from ipip.models.registry import ARCHITECTURES
from ipip.testing import Check, parametrize_checks, student_checks
from ipip.testing.student.variants import unhidden
from tests.models.students import STUDENTS, small_student
from tests.models.systems import visited_cluster


@parametrize_checks({name: student_checks(small_student(name)) for name in STUDENTS})
def test_a_student_keeps_its_contract(check: Check) -> None:
    check()


def test_every_architecture_is_in_the_suite() -> None:
    checked = {architecture for architecture, _ in STUDENTS.values()}
    assert checked == set(ARCHITECTURES), "add a line to STUDENTS in tests/models/students.py"


@pytest.mark.parametrize("name", STUDENTS)
def test_the_polynomial_envelope_has_two_continuous_derivatives(name: str) -> None:
    """Energies begin with the third power of the distance inside the cutoff, forces the second."""
    student = unhidden(small_student(name), 0.3)
    apart, still = visited_cluster(student, -1e-9)
    seen = [visited_cluster(student, gap) for gap in (1e-2, 1e-3, 1e-4)]
    energies = [abs(energy - apart) for energy, _ in seen]
    forces = [np.abs(force - still).max() for _, force in seen]
    assert energies[0] > 1e-10
    assert energies[1] < 2e-3 * energies[0] and energies[2] < 2e-3 * energies[1] + 1e-13
    assert forces[1] < 2e-2 * forces[0] and forces[2] < 2e-2 * forces[1] + 1e-14
