"""The load of the machine during a timing."""

from __future__ import annotations

import dataclasses
import os
import threading
from pathlib import Path
from types import TracebackType

from ipip.cores import usable_cores

LOADAVG = Path("/proc/loadavg")
INTERVAL_S = 0.05
SLACK = 0.25  # tolerated running programs above the cores: daemons, the sampler itself


@dataclasses.dataclass(frozen=True)
class Load:
    """The machine's load.

    Attributes:
        running: threads that ran or waited for a core, on average, including the timed ones.
        cores: available to this process.
    """

    running: float
    cores: int

    @property
    def is_high(self) -> bool:
        """Whether programs had to share cores, so that wall times are too long."""
        return self.running > self.cores + SLACK

    def as_times(self) -> dict[str, float]:
        """Return it as entries of a stage's times."""
        return {"load": round(self.running, 2), "cores": float(self.cores)}


def load_of(times: dict[str, float]) -> Load | None:
    """Return the load that a stage recorded; None if it recorded none."""
    if "load" not in times or "cores" not in times:
        return None
    return Load(float(times["load"]), int(times["cores"]))


class LoadWatch:
    """Counts running programs while a block runs.

    The kernel's load average of the last minute would include earlier work of this process,
    such as parallel MD; so the run queue is sampled repeatedly. Without a readable queue
    (not Linux), the load average is used.

    Attributes:
        load: of the block, once it has ended.
    """

    def __init__(self) -> None:
        self.load = Load(0.0, usable_cores())
        self._counts: list[int] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> LoadWatch:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        counts = self._counts
        running = sum(counts) / len(counts) if counts else os.getloadavg()[0]
        self.load = Load(running, self.load.cores)

    def _sample(self) -> None:
        while not self._ended.is_set():
            count = _running()
            if count is None:
                return
            self._counts.append(count)
            self._ended.wait(INTERVAL_S)


def _running() -> int | None:
    """Return the threads that run or wait for a core now, except the caller."""
    try:
        return max(0, int(LOADAVG.read_text(encoding="ascii").split()[3].split("/")[0]) - 1)
    except (OSError, ValueError, IndexError):
        return None
