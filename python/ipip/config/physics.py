"""Settings of the physics checks in a run of the loop."""

from __future__ import annotations

from pydantic import Field

from ipip.config.base import Settings


class PhysicsSettings(Settings):
    """Checks of each round's student that need no reference, in their short form."""

    frames: int = Field(
        2, ge=1, le=4, description="held-out frames that are looked at, spread over them"
    )
    teacher: bool = Field(
        True, description="check the teacher too, once: one to two thousand small evaluations"
    )
