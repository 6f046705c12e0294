"""The last whole state of a teacher's trajectory, from which a killed run goes on."""

from __future__ import annotations

import hashlib
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ipip.data.atomic import replaced_file
from ipip.data.digest import frames_digest
from ipip.data.files import read_frames
from ipip.data.frame import Frame
from ipip.data.xyz import format_xyz
from ipip.errors import InputError

State = tuple[dict[str, Any], dict[str, Any]]


class MDCheckpoint:
    """Files ``NAME.state.npz`` and ``NAME.part.xyz`` of one trajectory.

    The state is written whole or not at all, and says how much of the frames' file belongs to it:
    frames that were written after it are cut off when the run goes on.

    Args:
        folder: where they lie.
        name: of the trajectory.
        start: its first configuration.
        identity: JSON-able values that decide the trajectory; a state of another one is not used.
    """

    def __init__(self, folder: Path, name: str, start: Frame, identity: Mapping[str, Any]) -> None:
        self._state = folder / f"{name}.state.npz"
        self._frames = folder / f"{name}.part.xyz"
        text = json.dumps({"start": frames_digest([start]), **identity}, sort_keys=True)
        self._key = hashlib.sha256(text.encode()).hexdigest()

    def load(self) -> tuple[State, list[Frame]] | None:
        """Return the state (header and arrays) and the frames before it; None: begin anew."""
        found = self._read()
        if found is None:
            self.clear()
            return None
        header, arrays = found
        frames: list[Frame] = []
        try:
            if header["bytes"]:
                os.truncate(self._frames, header["bytes"])
                frames = read_frames(self._frames)
            else:
                self._frames.unlink(missing_ok=True)
        except (OSError, InputError):
            self.clear()
            return None
        return (header, arrays), frames

    def add(self, frame: Frame) -> None:
        """Append a frame."""
        with self._frames.open("a", encoding="utf-8") as file:
            file.writelines(format_xyz([frame]))

    def save(self, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Write a state; the frames so far belong to it."""
        size = 0
        if self._frames.exists():
            with self._frames.open("rb") as file:
                os.fsync(file.fileno())
                size = os.fstat(file.fileno()).st_size
        text = json.dumps({**header, "bytes": size, "key": self._key})
        with replaced_file(self._state) as temporary:
            np.savez(temporary, header=np.array(text), **dict(arrays))

    def clear(self) -> None:
        """Remove both files."""
        self._state.unlink(missing_ok=True)
        self._frames.unlink(missing_ok=True)

    def _read(self) -> State | None:
        try:
            with np.load(self._state) as stored:
                header = json.loads(str(stored["header"]))
                arrays = {name: stored[name] for name in stored.files if name != "header"}
        except (OSError, ValueError, KeyError, zipfile.BadZipFile):
            return None
        return (header, arrays) if header.get("key") == self._key else None
