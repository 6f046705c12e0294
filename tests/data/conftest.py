"""Frames with labels that need no calculator."""

from __future__ import annotations

import numpy as np
import pytest

from ipip.data import Frame


@pytest.fixture
def frames() -> list[Frame]:
    """Six periodic frames of Mo, S, O with random labels, in three groups."""
    random = np.random.default_rng(0)
    made = []
    for index in range(6):
        n = 3 + index % 3
        stress = random.normal(size=(3, 3))
        made.append(
            Frame(
                numbers=np.array([42, 16, 8, 16, 8])[:n],
                positions=random.uniform(0, 6, (n, 3)),
                cell=np.diag([6.0, 6.5, 7.0]) + 0.1 * random.normal(size=(3, 3)),
                pbc=np.array([True, True, index % 2 == 0]),
                energy=float(-5000 + random.normal()),
                forces=random.normal(size=(n, 3)),
                stress=stress + stress.T,
                info={"config_type": "md", "traj": index // 2},
            )
        )
    return made
