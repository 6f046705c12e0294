"""Selection of frames of a file by the values beside their labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ipip.config.data import Bounds
from ipip.data.frame import Frame
from ipip.data.view import chosen_from
from ipip.errors import InputError


def filter_frames(
    frames: Sequence[Frame], where: Mapping[str, Bounds | float | str], source: str
) -> Sequence[Frame]:
    """Return the frames whose info fits every condition, in their order, without copies.

    Args:
        frames: all frames of a file.
        where: by key of the frames' info, a text or number that it equals, or a number's bounds.
        source: name of the file for messages.

    Raises:
        InputError: a frame lacks a key or has no number there, or no frame fits.
    """
    if not where:
        return frames
    chosen = [
        number
        for number, frame in enumerate(frames)
        if all(_fits(frame, key, condition, source, number) for key, condition in where.items())
    ]
    if not chosen:
        listed = ", ".join(f"{key} {condition}" for key, condition in where.items())
        raise InputError(f"{source}: none of {len(frames)} frames has {listed}; change `where`")
    return chosen_from(frames, chosen)


def _fits(
    frame: Frame, key: str, condition: Bounds | float | str, source: str, number: int
) -> bool:
    if key not in frame.info:
        raise InputError(
            f"{source}: frame {number} has no {key!r} to select by; it has "
            f"{', '.join(sorted(frame.info)) or 'none'}"
        )
    value = frame.info[key]
    if isinstance(condition, str):
        return str(value) == condition
    try:
        if isinstance(condition, float):
            return float(value) == condition
        return condition.hold(float(value))
    except (TypeError, ValueError):
        raise InputError(
            f"{source}: frame {number} has {key} {value!r}; expected a number for {condition}"
        ) from None
