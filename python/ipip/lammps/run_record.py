"""The record of a student run besides its frames: job, verdict, digests of files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ipip.lammps.verdict import Verdict
from ipip.storage.atomic import write_text
from ipip.storage.digest import file_digest
from ipip.storage.sealed import DamagedError, read_sealed, sealed_text

RUN_FILE = "run.json"
VERDICT_FILE = "verdict.json"
REMOVED = "frames_removed"
FRAMES = ("trajectory.dump", "last.dump", "ring/*.dump")

# The keys of records of versions without a seal.
_OLD_RUN = frozenset(
    ("symbols", "rotation", "cell", "pbc", "seed", "timestep", "digest", "model_digest")
    + ("state", "state_of_atoms")
)
_OLD_VERDICT = frozenset(("digest", "verdict"))


def write_run_record(folder: Path, record: Mapping[str, Any]) -> None:
    """Write the record of a folder's job: symbols, rotation, cell, digests."""
    write_text(folder / RUN_FILE, sealed_text(record))


def read_run_record(folder: Path) -> dict[str, Any]:
    """Read the record of a folder's job.

    Raises:
        OSError: there is none.
        DamagedError: it is damaged.
    """
    return read_sealed(folder / RUN_FILE, lambda plain: set(plain) <= _OLD_RUN)


def write_verdict(folder: Path, digest: str, verdict: Verdict) -> None:
    """Write the verdict of a job with the digests of its frames."""
    files = {name: _describe(folder / name) for name in _names(folder)}
    record = {"digest": digest, "verdict": verdict.as_dict(), "files": files}
    write_text(folder / VERDICT_FILE, sealed_text(record))


def note_removal(folder: Path) -> None:
    """Note that frames of a run are removed on purpose, so that they are not reported missing."""
    write_text(folder / REMOVED, "")


def stored_verdict(folder: Path, digest: str | None = None) -> Verdict | None:
    """Return the verdict of a finished run, or None if there is none.

    Args:
        folder: of the run.
        digest: accept only the verdict of a job with this digest.

    Raises:
        DamagedError: it is damaged.
    """
    record = _read(folder)
    if record is None or (digest is not None and record.get("digest") != digest):
        return None
    try:
        return Verdict.from_dict(record["verdict"])
    except (KeyError, TypeError, ValueError):
        raise DamagedError(f"{folder / VERDICT_FILE} is of another version") from None


def changed_frames(folder: Path, only: Iterable[str] | None = None) -> list[str]:
    """Return the files of a finished run that are missing or changed.

    Args:
        folder: of the run; one without a verdict has none. See `note_removal`.
        only: names of files to check; by default all.

    Raises:
        DamagedError: the record is damaged.
    """
    files = (_read(folder) or {}).get("files", {})
    names = files if only is None else [name for name in only if name in files]
    if (folder / REMOVED).exists():
        names = [name for name in names if (folder / name).exists()]
    return [name for name in names if not _is_unchanged(folder / name, files[name])]


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        return read_sealed(folder / VERDICT_FILE, lambda plain: set(plain) == _OLD_VERDICT)
    except (FileNotFoundError, NotADirectoryError):
        return None


def _names(folder: Path) -> list[str]:
    paths = [path for pattern in FRAMES for path in sorted(folder.glob(pattern))]
    return [RUN_FILE, *(path.relative_to(folder).as_posix() for path in paths)]


def _describe(path: Path) -> dict[str, Any]:
    return {"bytes": path.stat().st_size, "digest": file_digest(path)}


def _is_unchanged(path: Path, recorded: Mapping[str, Any]) -> bool:
    try:
        return path.stat().st_size == recorded["bytes"] and file_digest(path) == recorded["digest"]
    except OSError:
        return False
