"""Frames of one or several sources, selected by index, without copies."""

from __future__ import annotations

import abc
from collections.abc import Iterable, Iterator, Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from ipip.data.frame import Frame

AT_ONCE = 100  # frames in memory together


class ReadableFrames(Sequence[Frame]):
    """A source that reads several frames faster than one by one; each on access."""

    @abc.abstractmethod
    def read(self, indices: Iterable[int]) -> list[Frame]:
        """Return the frames with these indices, none of them negative."""

    @overload
    def __getitem__(self, index: int) -> Frame: ...
    @overload
    def __getitem__(self, index: slice) -> FrameView: ...
    def __getitem__(self, index: int | slice) -> Frame | FrameView:
        if isinstance(index, slice):
            return FrameView([self], range(len(self))[index])
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")
        return self.read([index % len(self)])[0]

    def __iter__(self) -> Iterator[Frame]:
        return iter(FrameView([self]))


class FrameView(ReadableFrames):
    """A sequence of frames that are fetched from their sources on access.

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
            raise IndexError(f"a view names frames beyond the existing {total}")

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
        return self.sources[source][at - self._start(source)]

    def __iter__(self) -> Iterator[Frame]:
        """Yield the frames, some at a time from sources that read several faster than one."""
        owner = np.searchsorted(self._ends, self.chosen, side="right")
        runs = np.flatnonzero(np.diff(owner)) + 1
        for part in np.split(np.arange(len(self)), runs):
            for first in range(0, len(part), AT_ONCE):
                rows = part[first : first + AT_ONCE]
                source = int(owner[rows[0]])
                indices = (self.chosen[rows] - self._start(source)).tolist()
                frames = self.sources[source]
                yield from (
                    frames.read(indices)
                    if isinstance(frames, ReadableFrames)
                    else (frames[index] for index in indices)
                )

    def read(self, indices: Iterable[int]) -> list[Frame]:
        """Return the frames with these indices."""
        chosen = list(indices)
        if len(chosen) == 1:  # as a training requests them, without a view for each
            return [self[chosen[0]]]
        return list(FrameView(self.sources, self.chosen[chosen]))

    def _start(self, source: int) -> int:
        return int(self._ends[source - 1]) if source else 0


def joined(*parts: Sequence[Frame]) -> Sequence[Frame]:
    """Return the frames of all parts, one after another: a list if all parts are lists."""
    if all(isinstance(part, list) for part in parts):
        return [frame for part in parts for frame in part]
    return FrameView([part for part in parts if len(part)])


def chosen_from(frames: Sequence[Frame], indices: Iterable[int]) -> Sequence[Frame]:
    """Return some of the frames: a list from a list, else a view."""
    if isinstance(frames, list):
        return [frames[index] for index in indices]
    return FrameView([frames], indices)
