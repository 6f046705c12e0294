"""The command of CP2K's shell: found, or given and tried before anything is labelled."""

from __future__ import annotations

import shutil
import subprocess
import threading

from .kinds.cp2k import SHELLS
from .refusal import RefusedError

READY = "* READY"
START_S = 120.0  # in which a shell has to be ready; a cluster's launchers take their time
END_S = 10.0


def find_command(given: str | None, tried: bool = False) -> str:
    """Return the command that starts CP2K's shell.

    Args:
        given: by the settings; None: the first that is installed.
        tried: whether another process has tried the given one.

    Raises:
        RefusedError: there is no such program, or it starts no shell, or several.
    """
    if given is not None:
        program = given.split()[0] if given.split() else ""
        if shutil.which(program) is None:
            raise RefusedError("model", f"cp2k.command {given!r}: there is no program {program}")
        program_of(given)
        if not tried:
            _require_one_shell(given)
        return given
    for shell in SHELLS:
        if shutil.which(shell.split()[0]):
            return shell
    raise RefusedError(
        "model",
        "CP2K is not installed: no cp2k_shell or cp2k program is in the PATH; run: apt-get install "
        "cp2k cp2k-data libopenblas0-serial, or set cp2k.command to its shell ('cp2k.psmp -s')",
    )


def program_of(command: str) -> str:
    """Return which word of a command is CP2K.

    Raises:
        RefusedError: none is.
    """
    for word in command.split():
        if "cp2k" in word:
            return word
    raise RefusedError(
        "model",
        f"cp2k.command {command!r} names no program of CP2K; expected one whose name holds cp2k, "
        "such as 'srun -n 64 cp2k.psmp -s'",
    )


def _require_one_shell(command: str) -> None:
    """Start the shell and end it.

    A launcher of another MPI than CP2K's starts separate copies, whose answers mix.
    """
    process = subprocess.Popen(
        ["sh", "-c", f"exec {command}"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    assert process.stdin is not None and process.stdout is not None
    timer = threading.Timer(START_S, process.kill)
    timer.start()
    ready, said = 0, []
    try:
        process.stdin.write("EXIT\n")
        process.stdin.close()
        for line in process.stdout:
            said.append(line.strip())
            ready += READY in line
            if ready > 1:
                break
    except BrokenPipeError:  # it has ended
        said += [line.strip() for line in process.stdout]
    finally:
        timer.cancel()
        process.terminate()
        process.stdout.close()
        try:
            process.wait(END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    if ready > 1:
        raise RefusedError(
            "model",
            f"cp2k.command {command!r} starts separate copies of CP2K and not the ranks of one: "
            "its launcher is of another MPI than CP2K's; give the full path of the mpirun that "
            "CP2K was built with, or Slurm's srun with --mpi=pmix or --mpi=pmi2",
        )
    if not ready:
        words = " ".join(line for line in said if line)[:300] or "nothing"
        raise RefusedError(
            "model",
            f"cp2k.command {command!r} starts no shell of CP2K, which says '{READY}'; expected "
            f"a command such as 'cp2k.psmp -s' (mind -s); it said: {words}",
        )
