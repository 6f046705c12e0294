"""Blocks that an earlier driver left when it was killed."""

from __future__ import annotations

import contextlib
import subprocess
from pathlib import Path

from ipip.config.execution import ExecutionSettings
from ipip.execution.record import read_execution
from ipip.execution.schedulers import COMMANDS

_TIMEOUT_S = 60


def cancel_leftover_blocks(settings: ExecutionSettings, folder: Path) -> list[str]:
    """Cancel the jobs of an earlier driver, which wait for it; return their names.

    A task that runs in one of them gets SIGTERM, stores its state and is continued elsewhere.

    Args:
        settings: with the resources that the blocks are of.
        folder: `execution/` of the run.
    """
    state = read_execution(folder.parent)
    if state is None:
        return []
    cancelled = []
    for block in state.blocks:
        resource = settings.resources.get(block.resource)
        if block.is_over or resource is None or resource.scheduler not in COMMANDS:
            continue
        command = [*COMMANDS[resource.scheduler].cancel, block.job]
        with contextlib.suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
            if done.returncode == 0:
                cancelled.append(block.job)
    return cancelled
