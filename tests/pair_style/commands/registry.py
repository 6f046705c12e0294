"""The list of LAMMPS commands: the behaviour of each with a student, and the deck that shows it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.pair_style.commands.session import Session

Check = Callable[["Session"], None]

RIGHT, REFUSED, NO_MEANING = "right", "refused", "has no meaning"


@dataclasses.dataclass(frozen=True)
class Entry:
    """One row of the documented table.

    Attributes:
        commands: as the row names them.
        verdict: one of the three.
        note: half a sentence: what holds, or why not.
        check: runs decks and asserts what must hold.
        ranks: numbers of MPI ranks that the check runs on.
    """

    commands: str
    verdict: str
    note: str
    check: Check
    ranks: tuple[int, ...]

    @property
    def name(self) -> str:
        """Unique name."""
        return self.check.__name__

    @property
    def row(self) -> str:
        """Row of the documented table."""
        return f"| {self.commands} | {self.verdict} | {self.note} |"


ENTRIES: list[Entry] = []


def _listed(verdict: str, commands: str, note: str, ranks: tuple[int, ...]) -> Callable:
    def keep(check: Check) -> Check:
        ENTRIES.append(Entry(commands, verdict, note, check, ranks))
        return check

    return keep


def right(commands: str, note: str, ranks: tuple[int, ...] = (1, 2)) -> Callable[[Check], Check]:
    """The command gives the correct result."""
    return _listed(RIGHT, commands, note, ranks)


def refused(commands: str, note: str, ranks: tuple[int, ...] = (1, 2)) -> Callable[[Check], Check]:
    """The run ends with one message before it gives anything."""
    return _listed(REFUSED, commands, note, ranks)


def no_meaning(
    commands: str, note: str, ranks: tuple[int, ...] = (1, 2)
) -> Callable[[Check], Check]:
    """LAMMPS takes the command, and it changes nothing."""
    return _listed(NO_MEANING, commands, note, ranks)
