"""What the next round contains and which student is best: pure functions on small data."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ipip.stability.intervals import wilson_interval

VALID_SHARE = 0.05


def forget_indices(count: int, fraction: float, seed: int) -> list[int]:
    """Choose the frames that a round forgets: `fraction` of `count` at random, sorted.

    The number is rounded to the nearest whole one; at least one frame is kept.

    Raises:
        ValueError: not 0 <= fraction < 1.
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"expected 0 <= fraction < 1, got {fraction}")
    number = min(round(count * fraction), max(count - 1, 0))
    chosen = np.random.default_rng(seed).choice(count, size=number, replace=False)
    return sorted(int(index) for index in chosen)


def held_out_count(count: int) -> int:
    """Return how many frames of a pretraining set are set aside for validation: a twentieth."""
    return max(1, round(VALID_SHARE * count)) if count > 1 else 0


@dataclasses.dataclass(frozen=True)
class SetEntry:
    """One frame of a pretraining set.

    Attributes:
        frame_id: unique within the run.
        origin: round whose exploration made the configuration.
        label: who labelled it, ``teacher`` or ``student 0``.
    """

    frame_id: str
    origin: int
    label: str


def next_pretraining_set(
    previous: Sequence[SetEntry],
    forgotten: Sequence[int],
    new: Sequence[SetEntry],
    kept_label: str | Sequence[str | None] | None,
) -> list[SetEntry]:
    """Return the next round's pretraining set: what is kept, in order, then what is new.

    Args:
        previous: the last round's set.
        forgotten: indices into `previous`.
        new: the harvested frames.
        kept_label: who labels the kept frames now, one for all or one for each; None keeps the
            label of a frame.

    Raises:
        ValueError: an index is out of range, a frame would be there twice, or there are not as
            many labels as kept frames.
    """
    gone = set(forgotten)
    if gone and not (min(gone) >= 0 and max(gone) < len(previous)):
        raise ValueError(f"forgotten indices must lie in [0, {len(previous)})")
    kept = [entry for index, entry in enumerate(previous) if index not in gone]
    each = (
        [kept_label] * len(kept)
        if kept_label is None or isinstance(kept_label, str)
        else kept_label
    )
    kept = [
        entry if label is None else dataclasses.replace(entry, label=label)
        for entry, label in zip(kept, each, strict=True)
    ]
    combined = [*kept, *new]
    twice = [name for name, n in Counter(entry.frame_id for entry in combined).items() if n > 1]
    if twice:
        raise ValueError(f"frame {twice[0]} would be in the pretraining set twice")
    return combined


def count_composition(entries: Iterable[SetEntry]) -> dict[str, dict[str, int]]:
    """Count a set's frames by origin (``round 1``) and by who labelled them."""
    entries = list(entries)
    by_origin = Counter(f"round {entry.origin}" for entry in entries)
    by_label = Counter(entry.label for entry in entries)
    return {
        "by_origin": dict(sorted(by_origin.items())),
        "by_label": dict(sorted(by_label.items())),
    }


@dataclasses.dataclass(frozen=True)
class RoundOutcome:
    """What decides between rounds.

    Attributes:
        round: index.
        valid_force_mae: force error (eV/Å) on the validation frames, which no test figure depends
            on.
        failed, total: stability runs.
    """

    round: int
    valid_force_mae: float
    failed: int
    total: int


def best_round(outcomes: Sequence[RoundOutcome]) -> int:
    """Return the round whose student to use.

    Rounds that fail clearly more often than the steadiest one (their Wilson interval lies above
    its) are out; of the others the one with the smallest validation force error wins, the earlier
    one where two are equal. Test errors play no part, so that they stay a fair measure of the
    chosen student.

    Raises:
        ValueError: there are no outcomes.
    """
    if not outcomes:
        raise ValueError("no round is finished")
    lowest_upper = min(wilson_interval(o.failed, o.total)[1] for o in outcomes)
    steady = [o for o in outcomes if wilson_interval(o.failed, o.total)[0] <= lowest_upper]
    finite = [o for o in steady if np.isfinite(o.valid_force_mae)] or steady
    return min(finite, key=lambda o: (o.valid_force_mae, o.round)).round
