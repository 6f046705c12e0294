"""The ipip side of a teacher's worker process: start, send requests, receive replies, end."""

from __future__ import annotations

import os
import select
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipip import teacher_program
from ipip.config.teacher import TeacherSettings
from ipip.errors import InputError, IpipError
from ipip.extras import TEACHERS
from ipip.installation import install_command
from ipip.launchers import without_launcher
from ipip.teacher_program.messages import pack, unpack
from ipip.teachers.specification import specification

DISTRIBUTIONS = {package.module: package.distribution for package in TEACHERS.values()}
EXTRAS = {package.module: package.extra for package in TEACHERS.values()}
Message = tuple[dict[str, Any], dict[str, Any]]


class TeacherError(IpipError):
    """The teacher's process died, hung or failed on a frame."""


class FrameError(TeacherError):
    """The teacher raised an error on this frame; its process still runs."""


class WorkerProcess:
    """A running worker with the teacher loaded.

    Args:
        settings: the teacher.
        log: file for the output of the worker's libraries.
    """

    def __init__(self, settings: TeacherSettings, log: Path) -> None:
        self._settings = settings
        self._log = log
        self._request_time = time.monotonic()
        program = Path(teacher_program.__file__).with_name("__main__.py")
        command = [str(_interpreter(settings)), str(program)]
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("wb") as sink:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=sink,
                    env=_environment(settings),
                    bufsize=0,
                    start_new_session=True,
                )
        except OSError as error:
            raise InputError(
                f"the teacher's interpreter {command[0]} cannot be run ({error.strerror}); "
                "give the python executable of the environment that has the teacher's package"
            ) from error

    @property
    def pid(self) -> int:
        """Process id of the worker."""
        return self._process.pid

    def open(self, tried: bool = False) -> dict[str, Any]:
        """Load the teacher; return its identity, versions and loading time (s).

        Args:
            tried: whether another process has tried what one tries for all.

        Raises:
            InputError: the package, the model or the interpreter is missing.
            TeacherError: the process died.
        """
        self.send({"verb": "open", "spec": specification(self._settings) | {"tried": tried}})
        return self.receive(self._settings.start_timeout)[0]

    def send(self, header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> None:
        """Send one request."""
        view = memoryview(pack(header, arrays))
        pipe = self._process.stdin
        assert pipe is not None
        try:
            while view:
                view = view[os.write(pipe.fileno(), view) :]
        except BrokenPipeError:
            # The worker may have sent the reason before it ended: receive() reads it.
            pass

    def receive(self, timeout: float | None = None) -> Message:
        """Wait for the next reply.

        Args:
            timeout: s; the call timeout of the settings by default.

        Raises:
            InputError: the worker refused the package or the model.
            FrameError: the teacher raised an error on the frame.
            TeacherError: the worker died, or did not reply in time.
        """
        limit = self._settings.call_timeout if timeout is None else timeout
        deadline = time.monotonic() + limit
        try:
            header, arrays = unpack(lambda count: self._read(count, deadline, limit))
        except EOFError:
            raise TeacherError(self._exit_description()) from None
        except ValueError as error:
            raise TeacherError(f"{self.name} broke the protocol ({error}){self._tail()}") from None
        if header["reply"] == "refused":
            raise self._refusal(header)
        return header, arrays

    def close(self) -> None:
        """End the process, even during an evaluation."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self.kill()
        self._process.wait()

    def request_end(self) -> None:
        """Have the process end a trajectory after the present step and send its state."""
        if self._process.poll() is None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill the process and its children; readers then see its end."""
        if self._process.poll() is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                self._process.kill()

    def _read(self, count: int, deadline: float, limit: float) -> bytes:
        pipe = self._process.stdout
        assert pipe is not None
        parts: list[bytes] = []
        while count:
            remaining = deadline - time.monotonic()
            if remaining <= 0 or not select.select([pipe], [], [], remaining)[0]:
                self.kill()
                raise TeacherError(f"{self.name} did not reply for {limit:.0f} s{self._tail()}")
            data = os.read(pipe.fileno(), min(count, 1 << 20))
            if not data:
                raise EOFError
            parts.append(data)
            count -= len(data)
        return b"".join(parts)

    @property
    def name(self) -> str:
        """The name of the process in messages."""
        model = self._settings.import_path or self._settings.model or ""
        return f"the teacher's process ({' '.join([self._settings.kind, model]).strip()})"

    def _exit_description(self) -> str:
        try:
            status = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self.kill()
            status = self._process.wait()
        how = f"was killed by signal {-status}" if status < 0 else f"ended with status {status}"
        return f"{self.name} {how}{self._tail()}"

    def _tail(self, lines: int = 5) -> str:
        text = self._log.read_text(errors="replace", encoding="utf-8") if self._log.exists() else ""
        last = [line for line in text.splitlines() if line.strip()][-lines:]
        return f"; log {self._log}" + ("" if not last else ", its end:\n" + "\n".join(last))

    def _refusal(self, header: Mapping[str, Any]) -> IpipError:
        if header["cause"] == "package":
            return InputError(_what_to_install(header, self._settings))
        if header["cause"] == "model":
            return InputError(f"teacher: {header['message']}")
        return FrameError(f"{self.name} failed: {header['message']}")


def _interpreter(settings: TeacherSettings) -> Path:
    if settings.interpreter is None:
        return Path(sys.executable)
    path = Path(os.path.expanduser(settings.interpreter))
    if not path.is_file():
        raise InputError(
            f"the teacher's interpreter {path} does not exist; give the python executable of the "
            "environment that has the teacher's package, or null for this one"
        )
    return path.absolute()  # not resolved: a virtual environment's python is a symbolic link


def _environment(settings: TeacherSettings) -> dict[str, str]:
    """Return the environment with threads set; another interpreter inherits no module path."""
    environment = without_launcher(os.environ)
    # Output of a package at import must not end its worker, whatever the locale.
    environment["PYTHONIOENCODING"] = "utf-8:backslashreplace"
    for name in ("OMP", "MKL", "OPENBLAS", "NUMEXPR"):
        environment[f"{name}_NUM_THREADS"] = str(settings.threads)
    if settings.interpreter is not None:
        for name in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"):
            environment.pop(name, None)
    return environment


def _what_to_install(header: Mapping[str, Any], settings: TeacherSettings) -> str:
    module, expected = header.get("module") or header["expected"], header["expected"]
    top = module.partition(".")[0]
    if settings.kind == "ase":
        return (
            f"teacher: module {module!r} is not installed"
            f"{'' if settings.interpreter is None else f' for {settings.interpreter}'}; install "
            f"it, or correct import_path {settings.import_path!r} (import_folder adds a folder)"
        )
    if settings.interpreter is not None:
        package = DISTRIBUTIONS.get(top, top)
        if top not in (expected, "ase", "numpy"):
            package = DISTRIBUTIONS.get(expected, expected)
        return (
            f"teacher {settings.kind!r}: module {top!r} is not installed for "
            f"{settings.interpreter}; run: {shlex.quote(str(settings.interpreter))} -m pip install "
            f"{package}"
        )
    return (
        f"teacher {settings.kind!r}: module {top!r} is not installed; run: "
        f"{install_command(extra=EXTRAS.get(expected, settings.kind))}"
        " (or set interpreter to an environment that has it)"
    )
