"""Which blocks end since nothing is left for them: those that were idle, never those that start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from parsl.executors import HighThroughputExecutor


class PatientExecutor(HighThroughputExecutor):
    """Ends no block that has no worker yet.

    Parsl holds such a block for the longest idle one. It would end those that wait in the queue,
    again and again; and a block whose workers come while it is ended gets a task, which counts as
    lost a lease later.
    """

    def scale_in(self, blocks: int, max_idletime: float | None = None) -> list[str]:
        """End blocks that have been idle for `max_idletime` s, or any; return which."""
        if blocks <= 0:
            return []
        if max_idletime is None:
            return super().scale_in(blocks)
        assert self.provider is not None
        idle = idle_blocks(self.connected_managers(), max_idletime)
        idle = [block for block in idle if block in self.blocks_to_job_id][:blocks]
        for block in idle:
            self._hold_block(block)  # type: ignore[no-untyped-call]  # it gets no more tasks
        jobs = [self.blocks_to_job_id[block] for block in idle]
        ended = self._filter_scale_in_ids(jobs, self.provider.cancel(jobs)) if jobs else []
        return [self.job_ids_to_block[job] for job in ended]


def idle_blocks(managers: Sequence[Mapping[str, Any]], idle_s: float) -> list[str]:
    """Return the blocks none of whose nodes has had a task for a time, the longest idle first.

    Args:
        managers: Parsl's records of the nodes that have connected.
        idle_s: s.
    """
    shortest: dict[str, float] = {}
    busy = set()
    for manager in managers:
        if not manager["active"]:
            continue
        block = str(manager["block_id"])
        shortest[block] = min(shortest.get(block, float("inf")), float(manager["idle_duration"]))
        if manager["tasks"]:
            busy.add(block)
    found = [block for block, idle in shortest.items() if idle > idle_s and block not in busy]
    return sorted(found, key=lambda block: -shortest[block])
