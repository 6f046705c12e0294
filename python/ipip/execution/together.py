"""A task that the processes of `torchrun` perform together: a training."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ipip.errors import InputError
from ipip.execution.perform import perform_file
from ipip.execution.task import read_header, task_of
from ipip.train import processes


def perform_together(path: Path) -> dict[str, Any]:
    """Perform a task as one of several processes; the first holds the lease and writes the result.

    Args:
        path: its file.

    Returns:
        The result; nothing on all but the first.

    Raises:
        InputError: this kind of task is for one process.
        IpipError: it failed.
    """
    record = read_header(path)
    task = task_of(record)
    if not task.together:
        raise InputError(
            f"{path}: {task.title} is the work of one process; start it without torchrun"
        )
    processes.join("auto", int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    try:
        if processes.is_first():
            return perform_file(path, lambda wanted: processes.from_first(lambda: wanted))
        if processes.from_first(lambda: False):  # what the first one says
            task.perform(path.parent)
        return {}
    finally:
        processes.leave()
