"""Running LAMMPS to its end, with digests of the files from which a killed run resumes.

LAMMPS writes restart files within a run, so only the process that waits for it can later detect a
change of them. Each is digested when it appears, together with the run's lasting output so far:
dump, ring, first energy. `restart.sha256` has a line for each::

    DIGEST BYTES NAME

It needs no digest itself: a damaged line matches no file, and that file is then ignored.

The ranks of an ``mpirun`` load this file by its path; it imports no module of ipip.
"""

import contextlib
import hashlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

RECORD = "restart.sha256"
RESTART_FILES = ("restart.a", "restart.b")
STALLED = 1000  # exit status of a run that was ended because it wrote nothing
FIRST_ENERGY = "first_energy.txt"
DUMP = "trajectory.dump"
RING = "ring"

_MAGIC = b"LammpS RestartT"  # start and end of a restart file, see LAMMPS' lmprestart.h
_POLL = 0.2  # s
_LOOK = 0.5  # s between two checks of the files of a run
_BLOCK = 1 << 20
_OUTPUTS = (
    "log.lammps",
    "screen.txt",
    DUMP,
    "progress.txt",
    "last.dump",
    "end.txt",
    *RESTART_FILES,
)


def run_to_end(
    command: Sequence[str],
    folder: str,
    environment: Mapping[str, str],
    stall_s: float | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> int | None:
    """Run LAMMPS in a folder; return its exit status (negative: signal).

    Its children (a deck's ``shell`` commands) are ended with it.

    Args:
        command: that becomes LAMMPS.
        folder: in which it runs.
        environment: of the process.
        stall_s: end it if none of its files changes for this time, s; the status is then STALLED.
        cancelled: polled; if it returns True the run is ended, and None returned.
    """
    watch = RestartWatch(folder)
    with open(os.path.join(folder, "screen.txt"), "wb") as screen:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=screen,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,
        )
    looked = changed = time.monotonic()
    files: Any = None
    try:
        while True:
            try:
                return process.wait(timeout=_POLL)
            except subprocess.TimeoutExpired:
                pass
            if cancelled():
                return None
            now = time.monotonic()
            if now - looked < _LOOK:
                continue
            looked = now
            watch.look()
            if (state := _state(folder)) != files:
                files, changed = state, now
            if stall_s is not None and now - changed > stall_s:
                return STALLED
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        watch.look()


def _state(folder: str) -> list[tuple[int, int] | None]:
    return [_stat(os.path.join(folder, name)) for name in _OUTPUTS]


def _stat(path: str) -> tuple[int, int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_size, status.st_mtime_ns


class RestartWatch:
    """Writes `restart.sha256` of a run as its restart files appear.

    Args:
        folder: of the run.
    """

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._digested: dict[str, tuple[tuple[int, int], str]] = {}  # name: its stat, its line
        self._dump = hashlib.sha256()
        self._dump_bytes = 0
        self._unwritten = False
        for name, (digest, size) in read_record(folder).items():  # of a resumed run
            present = self._stat(name)
            if name != DUMP and present is not None:
                self._digested[name] = (present, f"{digest} {size} {name}")

    def look(self) -> None:
        """Digest new complete restart files, and the output that belongs to them.

        Errors of the disk are ignored: the next check tries again, and a run that is killed before
        it starts again.
        """
        with contextlib.suppress(OSError):
            for name in RESTART_FILES:
                self._unwritten |= self._note(name, restart=True)
            if not self._unwritten:
                return
            self._note(FIRST_ENERGY)
            ring = os.path.join(self._folder, RING)
            names = sorted(os.listdir(ring)) if os.path.isdir(ring) else []
            for name in names:
                self._note(f"{RING}/{name}")
            kept = {*RESTART_FILES, FIRST_ENERGY, *(f"{RING}/{name}" for name in names)}
            self._digested = {name: known for name, known in self._digested.items() if name in kept}
            write_record(
                self._folder, [line for _, line in self._digested.values()] + self._line_of_dump()
            )
            self._unwritten = False

    def _note(self, name: str, *, restart: bool = False) -> bool:
        """Digest a file if it is new or changed; return whether it was."""
        before = self._stat(name)
        if before is None or (name in self._digested and self._digested[name][0] == before):
            return False
        path = os.path.join(self._folder, name)
        if restart and not is_whole(path):
            return False
        try:
            line = f"{digest_of(path)} {before[0]} {name}"
        except FileNotFoundError:
            return False  # the ring has removed it since it was listed
        if self._stat(name) != before:
            return False  # it was written meanwhile; the next check will see it
        self._digested[name] = (before, line)
        return True

    def _line_of_dump(self) -> list[str]:
        """Digest the new part of the dump; frames are in order and never change."""
        path = os.path.join(self._folder, DUMP)
        if not os.path.isfile(path):
            return []
        with open(path, "rb") as file:
            file.seek(self._dump_bytes)
            while block := file.read(_BLOCK):
                self._dump.update(block)
                self._dump_bytes += len(block)
        return [f"{self._dump.hexdigest()} {self._dump_bytes} {DUMP}"]

    def _stat(self, name: str) -> tuple[int, int] | None:
        return _stat(os.path.join(self._folder, name))


def is_whole(path: str) -> bool:
    """Return whether a restart file is complete."""
    try:
        with open(path, "rb") as file:
            head = file.read(len(_MAGIC))
            file.seek(-64, os.SEEK_END)
            return head == _MAGIC and _MAGIC in file.read()
    except OSError:
        return False


def digest_of(path: str, size: int | None = None) -> str:
    """Return the SHA-256 of a file, or of its first `size` bytes."""
    digest = hashlib.sha256()
    remaining = os.path.getsize(path) if size is None else size
    with open(path, "rb") as file:
        while remaining > 0 and (block := file.read(min(remaining, _BLOCK))):
            digest.update(block)
            remaining -= len(block)
    return digest.hexdigest()


def write_record(folder: str, lines: Sequence[str]) -> None:
    """Write `restart.sha256`, whole or not at all."""
    path = os.path.join(folder, RECORD)
    with open(path + ".part", "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    os.replace(path + ".part", path)


def read_record(folder: str) -> dict[str, tuple[str, int]]:
    """Return digest and bytes of each file in `restart.sha256`; damaged lines are skipped."""
    found = {}
    try:
        with open(os.path.join(folder, RECORD), encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    for line in lines:
        parts = line.split(" ", 2)
        if len(parts) == 3 and parts[1].isascii() and parts[1].isdigit() and len(parts[1]) < 19:
            found[parts[2]] = (parts[0], int(parts[1]))
    return found


def matches_digest(folder: str, name: str, record: Mapping[str, tuple[str, int]]) -> bool:
    """Return whether a file matches its digest; of the dump, the part digested so far."""
    try:
        digest, size = record[name]
        path = os.path.join(folder, name)
        present = os.path.getsize(path)
        if present < size or (present > size and name != DUMP):
            return False
        return digest_of(path, size) == digest
    except (KeyError, OSError):
        return False
