"""Checks of the physics that every potential must obey, without reference data.

`ipip physics` runs them on students, teachers and any ASE calculator; `listing.py` lists them.
Importing this module loads no PyTorch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.lazy import lazy_names

__all__ = [
    "Measure",
    "Outcome",
    "PhysicsReport",
    "Subject",
    "check_physics",
    "physics_subject",
    "run_physics",
]

if TYPE_CHECKING:
    from ipip.physics.outcome import Measure, Outcome
    from ipip.physics.report import PhysicsReport
    from ipip.physics.run import check_physics, run_physics
    from ipip.physics.subject import Subject, physics_subject

__getattr__ = lazy_names(
    __name__,
    {
        "Measure": "ipip.physics.outcome",
        "Outcome": "ipip.physics.outcome",
        "PhysicsReport": "ipip.physics.report",
        "Subject": "ipip.physics.subject",
        "check_physics": "ipip.physics.run",
        "physics_subject": "ipip.physics.subject",
        "run_physics": "ipip.physics.run",
    },
)
