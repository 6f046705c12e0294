"""Threads of a command that evaluates students."""

from __future__ import annotations

import os


def one_thread() -> None:
    """Let PyTorch, where a student needs it and it is loaded later, work with one thread.

    Small graphs are slower on more; a number that the user has set stays.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
