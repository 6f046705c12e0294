"""Frames of one or several sources, chosen by index, without copies."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from ipip.data.frame import Frame


class FrameView(Sequence[Frame]):
    """A sequence of frames that are fetched from their sources when they are asked for.

    Args:
        sources: lists or stores of frames, one after another.
        chosen: indices into the sources taken together, in the view's order; None for all.
    """

    def __init__(self, sources: Sequence[Sequence[Frame]], chosen: Iterable[int] | None = None):
        self.sources = list(sources)
        self._ends = np.cumsum([len(source) for source in self.sources], dtype=np.int64)
        total = int(self._ends[-1]) if len(self._ends) else 0
        self.chosen: npt.NDArray[np.int64] = (
            np.arange(total) if chosen is None else np.array(list(chosen), dtype=np.int64)
        )
        if self.chosen.size and not (self.chosen.min() >= 0 and self.chosen.max() < total):
            raise IndexError(f"a view names frames beyond the {total} there are")

    def __len__(self) -> int:
        return len(self.chosen)

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> FrameView: ...
    def __getitem__(self, index: int | slice) -> Frame | FrameView:
        if isinstance(index, slice):
            return FrameView(self.sources, self.chosen[index])
        at = int(self.chosen[index])
        source = int(np.searchsorted(self._ends, at, side="right"))
        start = int(self._ends[source - 1]) if source else 0
        return self.sources[source][at - start]


def joined(*parts: Sequence[Frame]) -> Sequence[Frame]:
    """Return the frames of all parts, one after another: a list where all parts are lists."""
    if all(isinstance(part, list) for part in parts):
        return [frame for part in parts for frame in part]
    return FrameView([part for part in parts if len(part)])


def chosen_from(frames: Sequence[Frame], indices: Iterable[int]) -> Sequence[Frame]:
    """Return some of the frames: a list from a list, else a view."""
    if isinstance(frames, list):
        return [frames[index] for index in indices]
    return FrameView([frames], indices)
