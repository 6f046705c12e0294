"""One process at a time writes a folder of results, or a file."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import inspect
import json
import os
import socket
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Any, ParamSpec, TypeVar

from ipip.errors import InUseError

P = ParamSpec("P")
R = TypeVar("R")
NAME = ".lock"
_ENDED: set[str] = set()  # machines whose locks are ignored


@contextlib.contextmanager
def hold_lock(
    path: Path, verb: str, *, place: Path | None = None, keep: bool = True
) -> Iterator[None]:
    """Hold the lock file `path` while the block runs.

    The kernel releases the lock when its process ends, however it ends, so a killed process leaves
    none on its machine. A file that names another machine holds until its owner removes it: this
    machine cannot see whether a process runs on the other.

    Args:
        path: the lock file; its folder is created if needed.
        verb: the holder, such as ``run``, for the message to others.
        place: the locked path; None: the folder of the lock file.
        keep: leave the file, unlocked and empty, afterwards.

    Raises:
        InUseError: another process holds it; the message names its verb, process and machine.
    """
    place = place or path.parent
    host = socket.gethostname()
    file = _locked(path, place)
    try:
        owner = _owner(file)
        if owner and owner.get("host") not in (host, *_ENDED):
            raise InUseError(
                f"{place}: process {owner.get('pid')} on machine {owner.get('host')} may still "
                f"write there; if it does not, remove {path} and run again"
            )
        _write_owner(file, {"pid": os.getpid(), "host": host, "verb": verb})
        try:
            yield
        finally:
            _write_owner(file, None)
            if not keep:
                path.unlink(missing_ok=True)
    finally:
        file.close()


@contextlib.contextmanager
def without_owners_on(machines: Iterable[str]) -> Iterator[None]:
    """Ignore locks that other machines left while the block runs.

    For callers that know that the owners have ended, such as an attempt at a task that knows it
    of earlier ones.

    Args:
        machines: their host names.
    """
    new = set(machines) - _ENDED
    _ENDED.update(new)
    try:
        yield
    finally:
        _ENDED.difference_update(new)


@contextlib.contextmanager
def hold_folder(folder: Path, verb: str) -> Iterator[None]:
    """Hold the lock of a folder of results; a folder that stays empty is removed again.

    Args:
        folder: created if needed.
        verb: the command that writes, such as ``run``.

    Raises:
        InUseError: another process writes to it.
    """
    new = not folder.exists()
    try:
        with hold_lock(folder / NAME, verb):
            yield
    finally:
        if new:
            _remove_if_unused(folder)


@contextlib.contextmanager
def hold_file(path: Path, verb: str) -> Iterator[None]:
    """Hold the lock of a file of results, `.NAME.lock` beside it.

    Raises:
        InUseError: another process writes it.
    """
    with hold_lock(path.with_name(f".{path.name}{NAME}"), verb, place=path, keep=False):
        yield


def writes(argument: str, verb: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Run a function only while no other process writes to the folder in an argument.

    Args:
        argument: name of the argument with the folder; nothing is locked if it is None, or a
            file, which the function itself refuses.
        verb: the command that writes, such as ``harvest``.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def locked(*args: P.args, **kwargs: P.kwargs) -> R:
            folder = signature.bind(*args, **kwargs).arguments.get(argument)
            if folder is None or Path(folder).is_file():
                return function(*args, **kwargs)
            with hold_folder(Path(folder), verb):
                return function(*args, **kwargs)

        return locked

    return decorate


def _locked(path: Path, place: Path) -> IO[str]:
    """Return the lock file, open and locked."""
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("a+", encoding="utf-8")
        owner = _owner(file)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise InUseError(
                f"{place}: another `ipip {owner.get('verb', 'run')}` writes there (process "
                f"{owner.get('pid', 'unknown')} on {owner.get('host', 'this machine')}); wait "
                "until it ends, stop it, or choose another folder for the results"
            ) from None
        if _is_at(file, path):
            return file
        file.close()  # its last owner has removed it since it was opened


def _is_at(file: IO[str], path: Path) -> bool:
    """Return whether an open file is still the one at a path."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _remove_if_unused(folder: Path) -> None:
    """Remove a folder that holds an unused lock file and nothing else."""
    with contextlib.suppress(OSError, InUseError):
        if [path.name for path in folder.iterdir()] == [NAME]:
            with _locked(folder / NAME, folder):
                (folder / NAME).unlink()
                folder.rmdir()


def _owner(file: IO[str]) -> dict[str, Any]:
    file.seek(0)
    try:
        owner = json.loads(file.read())
    except json.JSONDecodeError:
        return {}
    return owner if isinstance(owner, dict) else {}


def _write_owner(file: IO[str], owner: dict[str, Any] | None) -> None:
    file.seek(0)
    file.truncate()
    if owner is not None:
        file.write(json.dumps(owner))
    file.flush()
