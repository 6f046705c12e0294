"""Tables of the reaction analysis, written during the analysis."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

from ipip.data.frame import IntArray
from ipip.species.events import Event, reaction_name
from ipip.species.lifetimes import Life, LifeTable
from ipip.species.network import ReactionCounts
from ipip.storage.atomic import replaced_file

Time = Callable[[int], float]

HEADERS = {
    "counts.csv": ("step", "time_ps", "species", "count"),
    "events.csv": (
        "event",
        "frame",
        "step",
        "time_ps",
        "kinds",
        "reaction",
        "rings_before",
        "rings_after",
        "bonds_formed",
        "bonds_broken",
        "molecules_before",
        "molecules_after",
    ),
    "molecules.csv": (
        "molecule",
        "species",
        "first_step",
        "last_step",
        "lifetime_ps",
        "begun_by_event",
        "ended_by_event",
    ),
    "species.csv": (
        "species",
        "first_step",
        "first_time_ps",
        "count_at_end",
        "births",
        "ends",
        "lived_ps",
        "mean_lifetime_ps",
        "longest_ps",
        "longest_is_open",
    ),
    "reactions.csv": ("reaction", "count", "first_step", "first_time_ps"),
}


class SpeciesTables:
    """The files of an analysis, which are created when it ends without an error.

    Args:
        folder: for the files; created if needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._writers: dict[str, Any] = {}
        self._last: dict[str, int] = {}
        self._made = False

    def __enter__(self) -> SpeciesTables:
        self._made = not self._folder.exists()
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, header in HEADERS.items():
            draft = self._stack.enter_context(replaced_file(self._folder / name))
            stream = self._stack.enter_context(draft.open("w", newline="", encoding="utf-8"))
            self._writers[name] = csv.writer(stream, lineterminator="\n")
            self._writers[name].writerow(header)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)
        if error is not None and self._made and not any(self._folder.iterdir()):
            self._folder.rmdir()

    def write_counts(self, step: int, time: float, counts: Mapping[str, int]) -> None:
        """Write the species whose number changed; a row is valid until the next one."""
        changed = sorted(
            name
            for name in counts.keys() | self._last.keys()
            if counts.get(name, 0) != self._last.get(name, 0)
        )
        for name in changed:
            self._writers["counts.csv"].writerow((step, _ps(time), name, counts.get(name, 0)))
        self._last = dict(counts)

    def write_event(self, number: int, event: Event, time: float, ids: IntArray) -> None:
        """Write an event; atoms by their ids in the dump, [n]."""

        def bonds(pairs: tuple[tuple[int, int], ...]) -> str:
            return " ".join(f"{ids[i]}-{ids[j]}" for i, j in pairs)

        def rings(sizes: tuple[int, ...] | None) -> str:
            return "many" if sizes is None else " ".join(map(str, sizes))

        self._writers["events.csv"].writerow(
            (
                number,
                event.frame,
                event.step,
                _ps(time),
                " + ".join(event.kinds),
                reaction_name(event.reactants, event.products),
                rings(event.rings_before),
                rings(event.rings_after),
                bonds(event.formed),
                bonds(event.broken),
                " ".join(map(str, event.old)),
                " ".join(map(str, event.new)),
            )
        )

    def write_molecule(self, life: Life, step: int, lived: float, event: int | None) -> None:
        """Write a followed molecule that ended at a step, or is still living at the last one."""
        row = (life.number, life.formula, life.first_step, step, _ps(lived), life.begun_by, event)
        self._writers["molecules.csv"].writerow(row)

    def write_species(self, lives: LifeTable, time: Time) -> None:
        """Write the sums of every species."""
        for name, own in sorted(lives.species.items(), key=lambda item: -item[1].exposure):
            mean = own.mean
            self._writers["species.csv"].writerow(
                (
                    name,
                    own.first_step,
                    _ps(time(own.first_step)),
                    lives.counts.get(name, 0),
                    own.births,
                    own.deaths,
                    _ps(time(own.exposure)),
                    "" if mean is None else _ps(time(1) * mean),
                    _ps(time(own.longest)),
                    own.longest_is_open,
                )
            )

    def write_reactions(self, reactions: ReactionCounts, time: Time) -> None:
        """Write the count of each reaction."""
        for name, count, step in reactions.rows():
            self._writers["reactions.csv"].writerow((name, count, step, _ps(time(step))))


def _ps(time: float) -> str:
    return f"{time:.10g}"
