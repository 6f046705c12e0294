"""Checks of this installation, with remedies for faults: `ipip doctor`.

A check is a function that returns findings; `CHECKS` lists them in the order of the output. A check
does not raise for faults, and does not import what it tests: parts that may be broken are tried in
a separate process.
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
"""The checks of `examine`, in order."""


def examine(folder: Path) -> Iterator[Finding]:
    """Yield the findings of each check as it ends.

    Args:
        folder: for runs.
    """
    for check in CHECKS:
        yield from check(folder)
