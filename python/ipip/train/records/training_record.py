"""The record of a folder's training, by which this training or another one is recognised."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from ipip.config.comparison import SHOWN, compare_settings
from ipip.config.influence import fields_without_influence
from ipip.config.pretraining import PretrainSettings
from ipip.errors import InputError
from ipip.storage.atomic import write_text
from ipip.storage.digest import json_digest
from ipip.storage.sealed import DamagedError, read_sealed, sealed_text

STARTED = "training.json"
FINISHED = "result.json"
# The keys of records of versions without a seal.
_OLD = {"settings", "student", "training_frames", "validation_frames", "replayed_frames", "seed"}
_OLD |= {"objective", "best_epoch", "steps", "wall_s", "history"}
# Records of earlier versions hold some of these.
_NOTED_BEFORE = {f"settings.{name}" for name in fields_without_influence(PretrainSettings)}


def check_started(folder: Path, fingerprint: dict[str, Any]) -> bool:
    """Return whether this training has already started in the folder; if not, mark it as started.

    Args:
        folder: the training's folder, which exists.
        fingerprint: JSON values that determine the result (settings, digests, seed).

    Raises:
        InputError: the folder holds another training; the message names the differences.
    """
    path = folder / STARTED
    if path.exists():
        refuse_difference(folder, read_training_record(path), fingerprint, _NOTED_BEFORE)
        return True
    if (folder / "last.ckpt").exists() or (folder / FINISHED).exists():
        raise InputError(
            f"{folder}: holds checkpoints of an unknown training ({STARTED} is missing); use "
            "another folder"
        )
    write_text(path, sealed_text(fingerprint) + "\n")
    return False


def training_digest(folder: Path) -> str:
    """Return a digest of the inputs that determine the result of a folder's training.

    Raises:
        InputError: its record cannot be read, or is damaged.
    """
    return json_digest(read_training_record(folder / STARTED))


def read_finished(folder: Path) -> dict[str, Any] | None:
    """Return the record of a finished training, or None if it is not finished."""
    path = folder / FINISHED
    if not path.exists() or not (folder / "best.ckpt").exists():
        return None
    return read_training_record(path)


def write_finished(folder: Path, result: dict[str, Any]) -> None:
    """Mark the training as finished."""
    write_text(folder / FINISHED, sealed_text(result) + "\n")


def read_training_record(path: Path) -> dict[str, Any]:
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


def refuse_difference(
    folder: Path,
    recorded: dict[str, Any],
    now: dict[str, Any],
    without_influence: Collection[str] = (),
) -> None:
    """Compare two records of nested settings.

    Args:
        folder: of the training.
        recorded: JSON values of the folder's record.
        now: JSON values of the training to be done.
        without_influence: paths without influence on the result.

    Raises:
        InputError: they differ; the message names the differences.
    """
    differences = compare_settings(recorded, now, without_influence)
    if differences:
        changes = "; ".join(
            f"{entry.path} was {_short(entry.before)} and is {_short(entry.after)} now"
            for entry in differences[:SHOWN]
        )
        raise InputError(
            f"{folder}: holds a different training ({changes}); use another folder or remove this "
            "one"
        )


def _short(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 24 else text[:20] + "..."
