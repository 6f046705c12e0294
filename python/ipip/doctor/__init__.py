"""What of this installation works, and what to do about the rest: `ipip doctor`.

A check is a function that returns findings; `CHECKS` lists them in the order of the screen. A check
never raises for what it finds, and imports nothing that it tests: what may be broken is tried in a
process of its own.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from ipip.doctor.compiled import check_compiled_parts
from ipip.doctor.decks import check_decks
from ipip.doctor.disk import check_disk
from ipip.doctor.finding import Finding
from ipip.doctor.machine import check_machine
from ipip.doctor.mpi import check_mpi
from ipip.doctor.packages import check_packages
from ipip.doctor.teachers import check_teachers

__all__ = ["CHECKS", "Finding", "examine"]

CHECKS: tuple[Callable[[Path], list[Finding]], ...] = (
    check_packages,
    check_compiled_parts,
    check_mpi,
    check_decks,
    check_machine,
    check_teachers,
    check_disk,
)
"""What `examine` looks at, in order."""


def examine(folder: Path) -> Iterator[Finding]:
    """Yield what each check finds, as soon as it is known.

    Args:
        folder: where runs will be written.
    """
    for check in CHECKS:
        yield from check(folder)
