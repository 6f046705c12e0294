"""Division of frames into parts for training, validation and test."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ipip.data.digest import frames_digest
from ipip.data.frame import Frame
from ipip.data.view import chosen_from
from ipip.errors import InputError
from ipip.storage.atomic import write_text

PARTS = ("train", "valid", "test")


@dataclasses.dataclass(frozen=True)
class Split:
    """Indices of frames in each part.

    Attributes:
        train, valid, test: sorted indices into the frames; no index is in two parts.
        digest: `frames_digest` of the frames that were split.
        seed: seed of the draw.
        group_key: info key whose groups were kept whole, or None.
    """

    train: tuple[int, ...]
    valid: tuple[int, ...]
    test: tuple[int, ...]
    digest: str
    seed: int
    group_key: str | None = None

    def take(self, frames: Sequence[Frame], part: str) -> Sequence[Frame]:
        """Return the frames of one part (`train`, `valid`, `test`): a list, or a store's view."""
        return chosen_from(frames, getattr(self, part))

    def save(self, path: Path) -> None:
        """Write as JSON, atomically."""
        write_text(path, json.dumps(dataclasses.asdict(self)) + "\n")

    @classmethod
    def load(cls, path: Path, frames: Sequence[Frame]) -> Split:
        """Read a stored split and check that it belongs to these frames.

        Raises:
            InputError: missing or malformed file, or a split of other frames.
        """
        try:
            stored = json.loads(path.read_text(encoding="utf-8"))
            parts = {part: tuple(int(i) for i in stored[part]) for part in PARTS}
            split = cls(
                **parts,
                digest=str(stored["digest"]),
                seed=int(stored["seed"]),
                group_key=stored["group_key"],
            )
        except OSError as error:
            raise InputError(f"{path}: cannot be read as a split: {error.strerror}") from None
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: is not a stored split ({error!r})") from None
        everything = [index for part in PARTS for index in parts[part]]
        if any(i < 0 or i >= len(frames) for i in everything):
            raise InputError(f"{path}: names frames beyond the existing {len(frames)}")
        if len(set(everything)) < len(everything):
            raise InputError(f"{path}: has a frame in two parts")
        if split.digest != frames_digest(frames):
            raise InputError(
                f"{path}: is a split of other frames (their digest differs from the data's); use "
                "the data of the split, or draw a new one"
            )
        return split


def split_frames(
    frames: Sequence[Frame],
    *,
    valid: float,
    test: float,
    train: float | None = None,
    seed: int,
    group_key: str | None = None,
) -> Split:
    """Draw parts at random; whole groups go to one part.

    Frames of a single atom always go to training: they define energies of free atoms.

    Args:
        frames: the frames.
        valid: a fraction of the frames (below 1) or a number of frames.
        test: the same.
        train: the same; None: all remaining frames. With groups the nearest reachable number is
            used.
        seed: seed of the draw.
        group_key: info key that names a frame's group.

    Raises:
        InputError: more frames requested than exist, a part that would be empty, or a frame
            without the group.
    """
    total = len(frames)
    counts = {"test": _count(test, total), "valid": _count(valid, total)}
    train_count = None if train is None else _count(train, total)
    if sum(counts.values()) + (train_count or 0) > total:
        raise InputError(
            f"the split requests {sum(counts.values()) + (train_count or 0)} frames, but only "
            f"{total} exist"
        )
    groups, always_train = _groups(frames, group_key)
    order = np.random.default_rng(seed).permutation(len(groups))
    queue = [groups[index] for index in order]
    parts: dict[str, list[int]] = {}
    for part, number in counts.items():
        parts[part] = _fill(queue, number)
    remaining = always_train + [index for group in queue for index in group]
    if train_count is not None:
        queue = [always_train, *queue] if always_train else queue
        remaining = _fill(queue, train_count)
    parts["train"] = remaining
    for part in PARTS:
        required = part == "train" or counts[part] > 0
        if required and not parts[part]:
            raise InputError(
                f"the split leaves no frame for {part}: {total} frames in {len(groups)} groups"
                f"{f' by {group_key!r}' if group_key else ''}; change the shares or add data"
            )
    return Split(
        train=tuple(sorted(parts["train"])),
        valid=tuple(sorted(parts["valid"])),
        test=tuple(sorted(parts["test"])),
        digest=frames_digest(frames),
        seed=seed,
        group_key=group_key,
    )


def group_names(frames: Sequence[Frame], key: str | None) -> list[str]:
    """Return the name of each frame's group (its trajectory); without groups, the frame's number.

    Args:
        frames: each with the key, if one is given.
        key: info key of the groups, or None: every frame is a separate group.
    """
    return [str(frame.info[key]) if key else str(number) for number, frame in enumerate(frames)]


def _count(share: float, total: int) -> int:
    if share < 0 or (share >= 1 and share != int(share)):
        raise InputError(
            f"a share of a split is {share}; expected a fraction below 1 or a whole number of "
            "frames"
        )
    if share >= 1:
        return int(share)
    return max(1, round(share * total)) if share > 0 else 0


def _groups(frames: Sequence[Frame], key: str | None) -> tuple[list[list[int]], list[int]]:
    groups: dict[Any, list[int]] = {}
    always_train: list[int] = []
    for index, frame in enumerate(frames):
        if len(frame) == 1:
            always_train.append(index)
        elif key is None:
            groups[index] = [index]
        elif key not in frame.info:
            raise InputError(
                f"frame {index} has no group {key!r}; its keys are: "
                f"{', '.join(sorted(frame.info)) or 'none'}"
            )
        else:
            groups.setdefault(json.dumps(frame.info[key]), []).append(index)
    return list(groups.values()), always_train


def _fill(queue: list[list[int]], number: int) -> list[int]:
    """Move groups out of the queue until they hold `number` frames, as nearly as they can."""
    selected: list[int] = []
    rest: list[list[int]] = []
    for group in queue:
        before, after = abs(number - len(selected)), abs(number - len(selected) - len(group))
        nothing_yet = not selected and number > 0
        if len(selected) < number and (after < before or nothing_yet):
            selected.extend(group)
        else:
            rest.append(group)
    queue[:] = rest
    return selected
