"""Calls of the command line in a forked copy of this process: no import twice, no state left."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import gc
import importlib
import os
import pickle
import pkgutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import typer.main

import ipip
from ipip.bound import adopt_orphans, end_with_parent
from ipip.cli.main import app, main

LIMIT_S = 900.0  # for all calls of one case, each of which takes seconds on an idle machine
GRACE_S = 5.0  # for what a case started to end after it


class LeftRunningError(Exception):
    """A case ended, and a process that it started did not."""


@dataclasses.dataclass(frozen=True)
class Call:
    """How a call of the command line ended.

    Attributes:
        arguments: of `ipip`.
        status: exit status.
        out: its output.
        err: its error output.
    """

    arguments: tuple[str, ...]
    status: int
    out: str
    err: str

    @property
    def crashed(self) -> bool:
        """It ended by accident: a traceback, or what `ipip` calls unexpected."""
        return self.status not in (0, 1, 2) or any(
            sign in self.err for sign in ("Traceback (most recent", "ipip: unexpected ")
        )

    @property
    def sentence(self) -> str:
        """The final message of `ipip`, or "" if there is not exactly one."""
        said = self.err.count("ipip: ")
        at = self.err.find("ipip: ")
        return self.err[at:].strip() if said >= 1 and (at == 0 or self.err[at - 1] == "\n") else ""


def call(*arguments: str) -> Call:
    """Call `ipip` in this process and keep its output, also below Python."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        with _redirected(1, out.fileno()), _redirected(2, err.fileno()):
            try:
                status = main(arguments)
            except BaseException as error:  # what gets through `main` is a crash
                status = 99
                os.write(2, f"Traceback (most recent call last) {error!r}\n".encode())
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    return Call(arguments, status, texts[0], texts[1])


def program(*arguments: str) -> Call:
    """Call `ipip` as users do: as a separate program, with nothing imported before."""
    command = [str(Path(sys.executable).with_name("ipip")), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return Call(arguments, done.returncode, done.stdout, done.stderr)


def import_everything() -> None:
    """Do once what each call would do first, which is most of the time of a short one.

    That is to import all modules of `ipip`, and what they import, and to build the command line.
    """
    for module in pkgutil.walk_packages(ipip.__path__, "ipip."):
        with contextlib.suppress(ImportError):  # libraries that lie beside the modules
            importlib.import_module(module.name)
    typer.main.get_command = functools.cache(typer.main.get_command)
    typer.main.get_command(app)
    gc.collect()
    gc.freeze()  # no copy collects garbage in memory shared with this process


@contextlib.contextmanager
def _redirected(number: int, target: int) -> Iterator[None]:
    stream = sys.stdout if number == 1 else sys.stderr
    stream.flush()
    kept = os.dup(number)
    os.dup2(target, number)
    name = "stdout" if number == 1 else "stderr"
    setattr(sys, name, open(number, "w", closefd=False))  # noqa: SIM115
    try:
        yield
    finally:
        getattr(sys, name).flush()
        setattr(sys, name, stream)
        os.dup2(kept, number)
        os.close(kept)


@dataclasses.dataclass(eq=False)
class Child:
    """A forked copy that works at one case."""

    pid: int
    pipe: Connection
    end: float

    def result(self) -> Any:
        """Return the result of its work, or how it ended instead: "signal N", processes left."""
        try:
            (found,), whole = pickle.loads(self.pipe.recv_bytes()), True
        except EOFError:
            found, whole = None, False
        _, status = os.waitpid(self.pid, 0)
        self.pipe.close()
        if not whole:
            return f"signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "ended early"
        return found

    def stop(self) -> None:
        """Kill it with all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.pipe.close()


def fork(work: Callable[[], Any], limit_s: float = LIMIT_S) -> Child:
    """Do some work in a forked copy of this process, with a separate process group."""
    here, there = Pipe(duplex=False)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.setpgid(0, 0)
            end_with_parent()
            adopt_orphans()
            here.close()
            found = work()
            _end_alone()
            there.send_bytes(pickle.dumps((found,)))
            code = 0
        except LeftRunningError as left:
            there.send_bytes(pickle.dumps((f"left running: {left}",)))
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    there.close()
    return Child(pid, here, time.monotonic() + limit_s)


def _end_alone() -> None:
    """Wait for all that was started below this process to end.

    Raises:
        LeftRunningError: some of it is still running; it is killed.
    """
    end = time.monotonic() + GRACE_S
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < end:
            if not os.waitpid(-1, os.WNOHANG)[0]:
                time.sleep(0.02)
        left = {pid: _command(pid) for pid in _children()}
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        raise LeftRunningError("; ".join(left.values()))


def _children() -> list[int]:
    """Return the processes whose parent this one is."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            parent = stat.read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                found.append(int(stat.parent.name))
    return found


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
    return f"process {pid}"


def do(work: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
    """Do some work in a forked copy; return its result, "hung" or "signal N"."""
    child = fork(work, limit_s)
    if not child.pipe.poll(limit_s):
        child.stop()
        return "hung"
    return child.result()


def contents(folder: Path, passing: frozenset[str]) -> dict[str, bytes]:
    """Return the bytes of every file except the ones that each call may touch."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in passing
    }
