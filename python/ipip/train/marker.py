"""Tells whether a folder holds this training, finished or not, or another one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ipip.data.atomic import write_text
from ipip.errors import InputError
from ipip.sealed import DamagedError, read_sealed, sealed_text

STARTED = "training.json"
FINISHED = "result.json"
# What the records held before they had a seal.
_OLD = {"settings", "student", "training_frames", "validation_frames", "replayed_frames", "seed"}
_OLD |= {"objective", "best_epoch", "steps", "wall_s", "history"}


def check_started(folder: Path, identity: dict[str, Any]) -> bool:
    """Say whether this training was begun in the folder before; if not, mark it as begun.

    Args:
        folder: the training's folder, which exists.
        identity: JSON values that together fix the result (settings, digests, seed).

    Raises:
        InputError: another training is there; the message says what differs.
    """
    path = folder / STARTED
    if path.exists():
        refuse_difference(folder, read_marker(path), identity)
        return True
    if (folder / "last.ckpt").exists() or (folder / FINISHED).exists():
        raise InputError(
            f"{folder}: holds checkpoints of an unknown training ({STARTED} is missing); use "
            "another folder"
        )
    write_text(path, sealed_text(identity) + "\n")
    return False


def read_finished(folder: Path) -> dict[str, Any] | None:
    """Return what a finished training wrote, or None if it is not finished."""
    path = folder / FINISHED
    if not path.exists() or not (folder / "best.ckpt").exists():
        return None
    return read_marker(path)


def write_finished(folder: Path, result: dict[str, Any]) -> None:
    """Mark the training as finished."""
    write_text(folder / FINISHED, sealed_text(result) + "\n")


def read_marker(path: Path) -> dict[str, Any]:
    """Read one of the two records of a training.

    Raises:
        InputError: it cannot be read, or is damaged.
    """
    try:
        return read_sealed(path, lambda plain: set(plain) <= _OLD)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error}); use another folder") from None
    except DamagedError as error:
        raise InputError(f"{error}; use another folder, or remove this one") from None


def refuse_difference(folder: Path, there: dict[str, Any], now: dict[str, Any]) -> None:
    """Compare two records of nested settings.

    Raises:
        InputError: they differ; the message names where.
    """
    flat_there, flat_now = _flatten(there), _flatten(now)
    names = [n for n in {**flat_now, **flat_there} if flat_there.get(n) != flat_now.get(n)]
    if names:
        told = "; ".join(
            f"{name} is {_short(flat_there.get(name))} there and {_short(flat_now.get(name))} now"
            for name in names[:4]
        )
        raise InputError(
            f"{folder}: holds a different training ({told}); use another folder or remove this one"
        )


def _flatten(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flatten(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 24 else text[:20] + "..."
