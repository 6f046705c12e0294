"""The blocks of a run's resources, as Parsl saw them last."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from ipip.errors import IpipError
from ipip.execution.block_trouble import Trouble, trouble_with_blocks
from ipip.execution.record import Block


class Blocks:
    """Notes blocks, and ends the run where none can be had.

    Args:
        patience_s: s that the scheduler may refuse blocks.
        message: receives a line where it does.
    """

    def __init__(self, patience_s: float, message: Callable[[str], None]) -> None:
        self._patience_s = patience_s
        self._message = message
        self._blocks: dict[tuple[str, str], Block] = {}
        self._trouble: dict[str, Trouble] = {}
        self._reported: dict[str, str] = {}

    def note(self, executor: Any, status: dict[str, Any]) -> None:
        """Note the blocks of a resource; called by a thread of Parsl."""
        for number, own in status.items():
            job = executor.blocks_to_job_id.get(number)
            if job is not None:
                key = (executor.label, str(job))
                self._blocks[key] = Block(executor.label, str(job), own.state.name)
        self._trouble[executor.label] = trouble_with_blocks(
            executor.blocks_to_job_id, status, self._trouble.get(executor.label)
        )

    def known(self) -> list[Block]:
        """Return all blocks, also those that have ended."""
        return list(self._blocks.values())

    def mark_cancelled(self) -> None:
        """Note that what has not ended was cancelled."""
        self._blocks = {
            key: block if block.is_over else dataclasses.replace(block, state="CANCELLED")
            for key, block in list(self._blocks.items())
        }

    def require(self) -> None:
        """Say where blocks cannot be had, or end without a task.

        Raises:
            IpipError: that lasts.
        """
        for name, trouble in list(self._trouble.items()):
            if trouble.is_over_after(self._patience_s):
                raise IpipError(f"resource {name}: {trouble.why}")
            if trouble.why and trouble.why != self._reported.get(name):
                patience = f"{self._patience_s:.0f} s"
                self._message(f"resource {name}: {trouble.why}; tried again for up to {patience}")
            self._reported[name] = trouble.why
