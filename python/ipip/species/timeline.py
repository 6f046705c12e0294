"""Numbers of molecules over time for pictures, thinned so that memory stays bounded."""

from __future__ import annotations

from collections.abc import Mapping

SAMPLES = 2048


class Timeline:
    """Samples of counts at even intervals; if there are too many, every other one is removed.

    Attributes:
        steps: of the samples.
        counts: by formula, at each sample.
    """

    def __init__(self, samples: int = SAMPLES) -> None:
        self.steps: list[int] = []
        self.counts: list[dict[str, int]] = []
        self._samples = samples
        self._stride = 1
        self._added = 0

    def add(self, step: int, counts: Mapping[str, int]) -> None:
        """Add a frame."""
        if self._added % self._stride == 0:
            if len(self.steps) == self._samples:
                del self.steps[1::2], self.counts[1::2]
                self._stride *= 2
            if self._added % self._stride == 0:
                self.steps.append(step)
                self.counts.append(dict(counts))
        self._added += 1

    def of(self, formula: str) -> list[int]:
        """Return the numbers of one species at each sample."""
        return [counts.get(formula, 0) for counts in self.counts]

    def most_frequent(self, number: int, among: set[str] | None = None) -> list[str]:
        """Return the species with the largest sums over the samples."""
        sums: dict[str, int] = {}
        for counts in self.counts:
            for formula, count in counts.items():
                if among is None or formula in among:
                    sums[formula] = sums.get(formula, 0) + count
        return sorted(sums, key=lambda formula: (-sums[formula], formula))[:number]
