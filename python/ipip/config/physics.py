"""Settings of the physics checks in a run of the loop."""

from __future__ import annotations

from pydantic import Field

from ipip.config.base import Settings


class PhysicsSettings(Settings):
    """Checks of each round's student that need no reference, in their short form."""

    frames: int = Field(
        2, ge=1, le=4, description="held-out frames to check, spread over the test part"
    )
    teacher: bool = Field(
        True, description="also check the teacher, once: one to two thousand small evaluations"
    )
