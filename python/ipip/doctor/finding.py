"""One line of the screen."""

from __future__ import annotations

import dataclasses
from typing import Literal

State = Literal["good", "note", "fault"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """What one check found.

    Attributes:
        name: of what was checked.
        state: `good`; `note`, where something optional is missing or unusual; `fault`, where decks
            or the loop cannot run as it is.
        value: what was found: a version, a path, a reason.
        remedy: what to do; empty where nothing has to be done.
    """

    name: str
    state: State
    value: str
    remedy: str = ""
