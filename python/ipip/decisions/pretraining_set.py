"""The content of a pretraining set: forgotten, held-out, kept and new frames."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from ipip.data.draw import draw_indices

VALID_SHARE = 0.05


def forget_indices(held_out: Sequence[bool], fraction: float, seed: int) -> list[int]:
    """Draw the frames that a round forgets: `fraction` of the training frames, at random, sorted.

    The number is rounded to the nearest whole one; at least one training frame is kept.

    Args:
        held_out: of each frame of the set; validation frames are never forgotten.
        fraction: of the other frames.
        seed: of the draw.

    Raises:
        ValueError: not 0 <= fraction < 1.
    """
    if not 0 <= fraction < 1:
        raise ValueError(f"expected 0 <= fraction < 1, got {fraction}")
    training = [index for index, held in enumerate(held_out) if not held]
    number = forgotten_count(len(training), fraction)
    chosen = np.random.default_rng(seed).choice(len(training), size=number, replace=False)
    return sorted(training[index] for index in chosen.tolist())


def forgotten_count(training: int, fraction: float) -> int:
    """Return how many of the training frames a round forgets."""
    return min(round(training * fraction), max(training - 1, 0))


def held_out_count(count: int, *, harvested: bool = False) -> int:
    """Return how many of the new frames are held out for validation: a twentieth.

    Args:
        count: of new frames.
        harvested: whether they come from a harvest; a small one keeps all its frames for training,
            while the first set holds out at least one.
    """
    number = round(VALID_SHARE * count)
    return number if harvested or count < 2 else max(1, number)


def draw_held_out(count: int, number: int, seed: int) -> list[bool]:
    """Draw the validation frames among the new ones, for all rounds that hold them."""
    chosen = set(draw_indices(count, number, seed))
    return [index in chosen for index in range(count)]


def set_sizes(first: int, harvested: int, fraction: float, rounds: int) -> tuple[int, int]:
    """Return the numbers of training and validation frames of a pretraining set.

    Args:
        first: frames of the first set.
        harvested: frames selected by each harvest.
        fraction: forgotten in each round.
        rounds: after round 0.
    """
    held = held_out_count(first)
    training = first - held
    for _ in range(rounds):
        new = held_out_count(harvested, harvested=True)
        training += harvested - new - forgotten_count(training, fraction)
        held += new
    return training, held


@dataclasses.dataclass(frozen=True)
class SetEntry:
    """One frame of a pretraining set.

    Attributes:
        frame_id: unique within the run.
        origin: round whose exploration made the configuration.
        label: source of its label, ``teacher`` or ``student 0``.
        held_out: whether it only validates. Decided once, when the frame is new, so that the
            part that selects the epoch is the same in all rounds.
        number: of the frame among those of its origin, which are stored once, in that order.
    """

    frame_id: str
    origin: int
    label: str
    held_out: bool = False
    number: int = 0


def next_pretraining_set(
    previous: Sequence[SetEntry],
    forgotten: Sequence[int],
    new: Sequence[SetEntry],
    kept_label: str | Sequence[str | None] | None,
) -> list[SetEntry]:
    """Return the next round's pretraining set: the kept frames, in order, then the new ones.

    Args:
        previous: the last round's set.
        forgotten: indices into `previous`.
        new: the harvested frames.
        kept_label: source of the kept frames' new labels, one for all or one for each; None keeps
            the label of a frame.

    Raises:
        ValueError: an index is out of range, a frame would be duplicated, or the numbers of
            labels and kept frames differ.
    """
    dropped = set(forgotten)
    if dropped and not (min(dropped) >= 0 and max(dropped) < len(previous)):
        raise ValueError(f"forgotten indices must lie in [0, {len(previous)})")
    kept = [entry for index, entry in enumerate(previous) if index not in dropped]
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


@dataclasses.dataclass(frozen=True)
class Composition:
    """Frames of a pretraining set by origin (``round 1``) and by source of the label."""

    by_origin: dict[str, int]
    by_label: dict[str, int]


def count_composition(entries: Iterable[SetEntry]) -> Composition:
    """Count a set's frames by origin and by source of the label."""
    entries = list(entries)
    by_origin = Counter(f"round {entry.origin}" for entry in entries)
    by_label = Counter(entry.label for entry in entries)
    return Composition(dict(sorted(by_origin.items())), dict(sorted(by_label.items())))
