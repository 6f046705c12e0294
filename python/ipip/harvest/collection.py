"""The frames selected by all harvests so far, with a digest that detects changes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.data.files import read_frames, write_frames
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.storage.atomic import replaced_file, write_text
from ipip.storage.digest import file_digest
from ipip.storage.sealed import DamagedError, read_sealed, sealed_text

FRAMES_FILE = "frames.xyz"
RECORD_FILE = "frames.json"


def read_stored(folder: Path) -> list[Frame]:
    """Return the frames of a harvest's folder; empty before the first harvest.

    Raises:
        InputError: they differ from those that the last harvest wrote.
    """
    path, record = folder / FRAMES_FILE, folder / RECORD_FILE
    if record.is_file():  # older versions of ipip wrote none
        try:
            digests = read_sealed(record).get("digests", [])
        except DamagedError as error:
            raise InputError(
                f"{error}; remove it if {FRAMES_FILE} beside it is unchanged"
            ) from None
        if _digest(path) not in digests:
            raise InputError(
                f"{path}: differs from what the last harvest wrote (changed, damaged or "
                f"lost); restore it, or remove {RECORD_FILE} to continue from the present file"
            )
    return read_frames(path, require=()) if path.is_file() else []


def write_stored(folder: Path, earlier: Sequence[Frame], new: Sequence[Frame]) -> None:
    """Add new frames to those of earlier harvests; a harvest killed meanwhile can resume."""
    path, record = folder / FRAMES_FILE, folder / RECORD_FILE
    if new:
        with replaced_file(path) as temporary:
            write_frames(temporary, [*earlier, *new])
            either = [_digest(path), _digest(temporary)]
            write_text(record, sealed_text({"digests": either}) + "\n")
    if new or (earlier and not record.is_file()):
        write_text(record, sealed_text({"digests": [_digest(path)]}) + "\n")


def _digest(path: Path) -> str | None:
    return file_digest(path) if path.is_file() else None
