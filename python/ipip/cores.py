"""The processor cores that this process may use."""

import os


def usable_cores() -> int:
    """Return their number: fewer than the machine has if a scheduler grants a part of them."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
