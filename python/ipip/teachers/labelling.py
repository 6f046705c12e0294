"""Labelling a set of frames at a level of theory: parallel, resumable, without failed frames."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Protocol

import numpy as np

from ipip.config.cp2k import Cp2kSettings
from ipip.config.influence import fields_without_influence
from ipip.config.teacher import TeacherSettings
from ipip.data.digest import frames_digest
from ipip.data.frame import Frame
from ipip.data.provenance import TEACHER_ERROR
from ipip.storage.digest import file_digest, hex_digest
from ipip.storage.sealed import DamagedError, open_sealed, sealed_text
from ipip.teachers.results import TeacherInfo
from ipip.teachers.specification import cp2k_values
from ipip.teachers.teacher import Teacher

# The keys of a line of versions without a seal.
_OLD_ENTRIES = (
    frozenset(("key", "energy", "forces", "stress")),
    frozenset(("key", "error")),
)


@dataclasses.dataclass(frozen=True)
class Labelling:
    """The result of labelling frames.

    Attributes:
        frames: the labelled ones, in the order of the input; energy eV, forces eV/Å, stress eV/Å^3.
        kept: index of each in the input.
        dropped: index in the input and reason of each frame without labels.
        computed: number of frames evaluated by this call; the others were stored.
        info: the labeller, or None if all labels were stored.
    """

    frames: list[Frame]
    kept: list[int]
    dropped: list[tuple[int, str]]
    computed: int
    info: TeacherInfo | None


class Labeller(Protocol):
    """A context manager that labels frames, such as a `Teacher`."""

    def __enter__(self) -> Labeller:
        """Open it."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""

    @property
    def info(self) -> TeacherInfo:
        """The identity of the labeller; available after the first label."""

    def label(
        self,
        frames: Sequence[Frame],
        progress: Callable[[int, int], None] | None = None,
        on_error: Literal["raise", "mark"] = "raise",
        on_result: Callable[[Frame], None] | None = None,
    ) -> list[Frame]:
        """Label frames; see `ipip.teachers.Teacher.label`."""


def label_frames(
    frames: Sequence[Frame],
    level: TeacherSettings,
    store: Path,
    log_folder: Path,
    progress: Callable[[int, int], None] | None = None,
    retry: bool = False,
    open_level: Callable[[TeacherSettings, Path], Labeller] = Teacher,
) -> Labelling:
    """Label frames, several at a time; frames that do not converge are dropped and listed.

    Each frame's labels are appended to a file once computed, so a killed run loses only the
    frames in progress, and the same call resumes.

    Args:
        frames: configurations; labels they carry are replaced.
        level: teacher or reference level; ``workers`` of it run at the same time.
        store: file of labels (JSON lines), by digest of frame and level.
        log_folder: for the output of the level's programs.
        progress: called with (frames done, frames in all).
        retry: evaluate failed frames again.
        open_level: returns a labeller for level and log folder.

    Raises:
        InputError: the level's package or program is missing.
        TeacherError: a worker died or hung; labels so far are kept.
    """
    level_digest = level_identity(level)
    keys = [f"{frames_digest([_bare(frame)])} {level_digest}" for frame in frames]
    stored = _read_store(store)
    if retry:
        stored = {key: entry for key, entry in stored.items() if "error" not in entry}
    open_keys = [key for key in dict.fromkeys(keys) if key not in stored]
    by_key = dict(zip(keys, frames, strict=True))
    queries = [_bare(by_key[key]).replace(info={"key": key}) for key in open_keys]
    info = None
    if queries:
        before = len(frames) - len(queries)
        store.parent.mkdir(parents=True, exist_ok=True)
        _end_with_newline(store)
        with store.open("a", encoding="utf-8") as file, open_level(level, log_folder) as teacher:

            def keep(frame: Frame) -> None:
                entry = _entry(frame)
                stored[entry["key"]] = entry
                file.write(sealed_text(entry, indent=None) + "\n")
                file.flush()
                os.fsync(file.fileno())

            def report(done: int, _total: int) -> None:
                if progress is not None:
                    progress(before + done, len(frames))

            teacher.label(queries, report, on_error="mark", on_result=keep)
            info = teacher.info
    return _collect(frames, [stored[key] for key in keys], len(queries), info)


def level_identity(level: TeacherSettings) -> str:
    """Return a digest of all settings that affect a label; of files, their content."""
    skipped = {*fields_without_influence(type(level)), "cp2k"}
    plain = level.model_dump(mode="json", exclude=skipped)
    if level.kind == "cp2k" and level.cp2k is not None:
        plain["cp2k"] = {
            name: value
            for name, value in cp2k_values(level.cp2k).items()
            if name not in {*fields_without_influence(Cp2kSettings), "template", "level"}
        }
    if level.model is not None and Path(level.model).is_file():
        plain["model"] = file_digest(Path(level.model))
    return hex_digest(json.dumps(plain, sort_keys=True).encode())


def _bare(frame: Frame) -> Frame:
    return frame.replace(energy=None, forces=None, stress=None, info={})


def _entry(frame: Frame) -> dict[str, Any]:
    """Return the stored record of a labelled or marked frame."""
    key = frame.info["key"]
    if TEACHER_ERROR in frame.info:
        return {"key": key, "error": str(frame.info[TEACHER_ERROR])}
    assert frame.energy is not None and frame.forces is not None
    if not (np.isfinite(frame.energy) and np.isfinite(frame.forces).all()):
        return {"key": key, "error": "energy or forces are not finite"}
    stress = None if frame.stress is None else frame.stress.tolist()
    return {"key": key, "energy": frame.energy, "forces": frame.forces.tolist(), "stress": stress}


def _read_store(path: Path) -> dict[str, dict[str, Any]]:
    """Read the labels of earlier calls; truncated or damaged lines are ignored."""
    stored = {}
    if path.exists():
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            try:
                entry = open_sealed(line, lambda plain: frozenset(plain) in _OLD_ENTRIES)
                stored[entry["key"]] = entry
            except (DamagedError, KeyError, TypeError):
                continue
    return stored


def _end_with_newline(path: Path) -> None:
    if path.exists() and path.stat().st_size and not path.read_bytes().endswith(b"\n"):
        with path.open("ab") as file:
            file.write(b"\n")


def _collect(
    frames: Sequence[Frame],
    entries: Sequence[dict[str, Any]],
    computed: int,
    info: TeacherInfo | None,
) -> Labelling:
    labelled, kept, dropped = [], [], []
    for index, (frame, entry) in enumerate(zip(frames, entries, strict=True)):
        if "error" in entry:
            dropped.append((index, entry["error"]))
            continue
        stress = None if entry["stress"] is None else np.array(entry["stress"])
        forces = np.array(entry["forces"], dtype=np.float64).reshape(-1, 3)
        labelled.append(frame.replace(energy=entry["energy"], forces=forces, stress=stress))
        kept.append(index)
    return Labelling(labelled, kept, dropped, computed, info)
