"""Where the default ViSNet is sound and the published form is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from ipip.models import Student
from tests.models.systems import evaluate, system, visited_cluster

PUBLISHED = {"published": True, "envelope": "cosine"}


@pytest.fixture
def make(make_student: Callable[..., Student]) -> Callable[..., Student]:
    return lambda **arguments: make_student("visnet", attention_heads=2, **arguments)


def test_the_published_form_jumps_at_the_cutoff_and_ours_does_not(make: Any) -> None:
    def jump(**arguments: Any) -> float:
        student = make(**arguments)
        return abs(visited_cluster(student, 1e-5)[0] - visited_cluster(student, -1e-5)[0])

    assert jump(**PUBLISHED) > 1e-3
    assert jump() < 1e-14


@pytest.mark.parametrize("lmax", [1, 2])
def test_energies_of_a_crushed_system_stay_bounded(make: Any, lmax: int) -> None:
    points, cell, species = system()

    def largest(**arguments: Any) -> float:
        student = make(lmax=lmax, layers=4, **arguments)
        crushed = [evaluate(student, s * points, s * cell, species)[0] for s in (0.8, 0.6, 0.4)]
        return float(np.abs(crushed).max()) / len(points)

    assert largest() < 1e3
    assert largest(**PUBLISHED) > 1e4
