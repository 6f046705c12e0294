"""A finding: one line of the output."""

from __future__ import annotations

import dataclasses
from typing import Literal

State = Literal["good", "note", "fault"]


@dataclasses.dataclass(frozen=True)
class Finding:
    """A result of a check.

    Attributes:
        name: of the checked part.
        state: `good`; `note`, if something optional is missing or unusual; `fault`, if decks or
            the loop cannot run.
        value: a version, a path, or a reason.
        remedy: what to do; empty if nothing.
    """

    name: str
    state: State
    value: str
    remedy: str = ""
