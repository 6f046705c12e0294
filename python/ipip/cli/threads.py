"""Threads of a command that evaluates students."""

from __future__ import annotations

import os


def one_thread() -> None:
    """Limit PyTorch to one thread, in case a student loads it later.

    Small graphs are slower on more threads; a number set by the user stays.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")
