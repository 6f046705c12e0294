"""Checkpoints of a teacher's trajectory, from which a killed run resumes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ipip.data.digest import frames_digest
from ipip.data.files import read_frames
from ipip.data.frame import Frame
from ipip.data.xyz import format_xyz
from ipip.errors import InputError
from ipip.storage.atomic import replaced_file
from ipip.storage.digest import Digest, hex_digest
from ipip.storage.sealed import open_sealed, sealed_text

State = tuple[dict[str, Any], dict[str, Any]]


class MDCheckpoint:
    """Files ``NAME.state.npz`` and ``NAME.part.xyz`` of one trajectory.

    The state is written whole or not at all, and records how much of the frames' file belongs to
    it: a resumed run discards frames written after it. It holds digests of its content and of these
    frames; if they do not match, the trajectory restarts from its first step.

    Args:
        folder: of the files.
        name: of the trajectory.
        start: first configuration.
        identity: JSON-able values that decide the trajectory; a state of another one is not used.
    """

    def __init__(self, folder: Path, name: str, start: Frame, identity: Mapping[str, Any]) -> None:
        self._state = folder / f"{name}.state.npz"
        self._frames = folder / f"{name}.part.xyz"
        text = json.dumps({"start": frames_digest([start]), **identity}, sort_keys=True)
        self._key = hex_digest(text.encode())
        self._written = Digest()  # of the frames' file, as far as it was written or read

    def load(self) -> tuple[State, list[Frame]] | None:
        """Return the state (header and arrays) and the frames before it; None: start again."""
        state = self._read()
        if state is None:
            self.clear()
            return None
        header, arrays = state
        frames: list[Frame] = []
        try:
            if header["bytes"]:
                os.truncate(self._frames, header["bytes"])
                self._written = Digest(self._frames.read_bytes())
                if self._written.hex != header.get("frames_digest"):
                    raise InputError("the frames differ from the written ones")
                frames = read_frames(self._frames)
            else:
                self._frames.unlink(missing_ok=True)
        except (OSError, InputError):
            self.clear()
            return None
        return (header, arrays), frames

    def add(self, frame: Frame) -> None:
        """Append a frame."""
        text = "".join(format_xyz([frame])).encode()
        self._written.update(text)
        with self._frames.open("ab") as file:
            file.write(text)

    def save(self, header: Mapping[str, Any], arrays: Mapping[str, Any]) -> None:
        """Write a state; the frames so far belong to it."""
        size = 0
        if self._frames.exists():
            with self._frames.open("rb") as file:
                os.fsync(file.fileno())
                size = os.fstat(file.fileno()).st_size
        text = sealed_text(
            {
                **header,
                "bytes": size,
                "frames_digest": self._written.hex,
                "key": self._key,
                "arrays_digest": _arrays_digest(arrays),
            },
            indent=None,
        )
        with replaced_file(self._state) as temporary:
            np.savez(temporary, header=np.array(text), **dict(arrays))

    def clear(self) -> None:
        """Remove both files."""
        self._state.unlink(missing_ok=True)
        self._frames.unlink(missing_ok=True)
        self._written = Digest()

    def _read(self) -> State | None:
        try:
            with np.load(self._state) as stored:
                header = open_sealed(str(stored["header"]))
                arrays = {name: stored[name] for name in stored.files if name != "header"}
            if header["arrays_digest"] != _arrays_digest(arrays):
                return None
        except Exception:  # numpy and zipfile raise many kinds on damaged files
            return None
        return (header, arrays) if header.get("key") == self._key else None


def _arrays_digest(arrays: Mapping[str, Any]) -> str:
    digest = Digest()
    for name in sorted(arrays):
        values = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {values.dtype.str} {values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hex
