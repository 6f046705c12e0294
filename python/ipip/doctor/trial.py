"""Trials of parts that may break, in a separate process."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

SMALL_STUDENT = Path(__file__).with_name("student.pt")  # of O and H, for kernels only
LIMIT = 120.0  # s; a check that takes longer counts as failed


def try_command(
    command: Sequence[str],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    limit: float = LIMIT,
) -> tuple[int, str]:
    """Run a command to its end.

    Returns:
        Its exit status and output, including errors; status -1 and the reason if it cannot be
        started or takes too long.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=limit,
            check=False,
        )
    except OSError as error:
        return -1, f"{command[0]}: {error.strerror}"
    except subprocess.TimeoutExpired:
        return -1, f"not finished within {limit:.0f} s"
    return done.returncode, done.stdout


def last_line(text: str) -> str:
    """Return the last line with text, in which Python and LAMMPS give the reason."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no output"
