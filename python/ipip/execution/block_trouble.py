"""Whether blocks can be had: a scheduler that refuses them, blocks that end before they work."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping
from typing import Any

LEAST_BLOCKS = 5  # blocks in a row that end before they work, after which nothing is hoped for
_NEVER = ("invalid", "unknown queue", "no such queue", "not permitted", "denied")
_WITHOUT_WORK = ("MISSING",)  # Parsl's word where no worker of a block has ever registered


@dataclasses.dataclass(frozen=True)
class Trouble:
    """What is wrong with the last blocks of a resource.

    Attributes:
        why: in words; empty: nothing.
        since: s (monotonic) since when.
        lasting: it will not get better by itself.
    """

    why: str = ""
    since: float = 0.0
    lasting: bool = False

    def is_over_after(self, patience_s: float) -> bool:
        """Say whether waiting makes no sense any more."""
        return bool(self.why) and (self.lasting or time.monotonic() - self.since > patience_s)


def trouble_with_blocks(
    jobs: Mapping[str, str], status: Mapping[str, Any], before: Trouble | None
) -> Trouble:
    """Return what is wrong with the last blocks.

    Args:
        jobs: the scheduler's job of each block that it accepted.
        status: Parsl's status of each block.
        before: what was wrong at the last look.
    """
    row = []
    for number in sorted(status, key=int, reverse=True):
        if status[number].state.name not in _WITHOUT_WORK:
            break
        row.append(number)
    if not row:
        return Trouble()
    last = status[row[0]]
    since = before.since if before is not None and before.why else time.monotonic()
    if row[0] not in jobs:
        why = " ".join(str(last.message or "no reason given").split())
        lasting = any(word in why.lower() for word in _NEVER)
        return Trouble(f"the scheduler refuses blocks: {why[:600]}", since, lasting)
    ended = [number for number in row if number in jobs]
    said = " ".join(str(last.stderr_summary or last.message or "").split())[-600:]
    why = (
        f"blocks end before they work; job {jobs[row[0]]} said: {said or 'nothing'} "
        f"({last.stderr_path or 'no file of its errors'}); look at environment and address"
    )
    return Trouble(why, since, len(ended) >= LEAST_BLOCKS)
