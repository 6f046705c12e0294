"""A real Slurm of two nodes for a module of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.execution.slurm import Slurm, started


@pytest.fixture(scope="module")
def slurm() -> Iterator[Slurm]:
    """A Slurm of two nodes, or the reason why there is none."""
    with started() as own:
        yield own


@pytest.fixture
def nothing_is_left(slurm: Slurm) -> Iterator[None]:
    """End the drivers that a test leaves on this Slurm."""
    yield
    slurm.end_drivers()
