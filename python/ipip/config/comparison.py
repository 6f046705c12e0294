"""Differences between two records of settings, and whether they matter."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterator, Sequence
from typing import Any

from ipip.native import current_backend_name

SHOWN = 4  # differences that are reported at once


@dataclasses.dataclass(frozen=True)
class Difference:
    """One value that differs.

    Attributes:
        path: of its key: ``finetune.batch_size``, ``systems[0].runs``.
        before, after: the values; None if absent.
    """

    path: str
    before: Any
    after: Any

    def __str__(self) -> str:
        return f"{self.path}: {self.before!r} -> {self.after!r}"


def compare_settings(
    before: Any, after: Any, without_influence: Collection[str] = ()
) -> list[Difference]:
    """Return the differences that matter between two nested settings.

    Args:
        before: JSON-able values; a backend's old name counts as its name.
        after: the same; a key that is missing counts as None in both.
        without_influence: paths whose values, with all below them, do not matter (see
            `ipip.config.influence.paths_without_influence`).
    """
    return list(_differences(before, after, "", frozenset(without_influence)))


def describe_differences(differences: Sequence[Difference]) -> str:
    """Describe the first differences, and count the rest; empty for none."""
    more = len(differences) - SHOWN
    shown = "; ".join(str(difference) for difference in differences[:SHOWN])
    return shown + (f"; and {more} more" if more > 0 else "")


def _differences(before: Any, after: Any, at: str, ignored: frozenset[str]) -> Iterator[Difference]:
    if at in ignored:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for name in sorted({*before, *after}):
            inner = f"{at}.{name}" if at else str(name)
            yield from _differences(before.get(name), after.get(name), inner, ignored)
    elif isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _differences(old, new, f"{at}[{index}]", ignored)
    elif current_backend_name(before) != current_backend_name(after):
        yield Difference(at, before, after)
