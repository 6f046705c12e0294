"""A pretraining set by its index: stored frames, each with its label in this set."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from ipip.data import Frame
from ipip.data.provenance import TEACHER, Provenance
from ipip.data.view import FrameView, ReadableFrames
from ipip.decisions.energy_shift import shifted
from ipip.decisions.pretraining_set import SetEntry
from ipip.errors import IpipError
from ipip.records.frame_origins import FrameOrigin
from ipip.records.student_labels import StudentLabels


class PretrainingSet(ReadableFrames):
    """The frames of a pretraining set, each read on demand.

    A frame's info has `frame_id`, `origin`, `label`, its run and step (`traj`, `md_step`), and
    `held_out` if it is for validation.

    Args:
        entries: the index of the set.
        stored: the frames of each origin, with the teacher's labels.
        origins: the origins of the same frames.
        labels: the students' labels, for the entries that a student labelled, in order.

    Attributes:
        entries: the index of the set.

    Raises:
        IpipError: the index, the frames and the labels do not fit each other.
    """

    def __init__(
        self,
        entries: Sequence[SetEntry],
        stored: Mapping[int, Sequence[Frame]],
        origins: Mapping[int, Sequence[FrameOrigin]],
        labels: StudentLabels | None = None,
    ) -> None:
        self.entries = list(entries)
        self._labels, self._origins = labels, origins
        students = np.array([entry.label != TEACHER for entry in self.entries], dtype=bool)
        self._label_rows = np.cumsum(students) - 1  # of entries that a student labelled
        given = 0 if labels is None else len(labels)
        if given != int(students.sum()):
            raise IpipError(
                f"a pretraining set has {int(students.sum())} frames that a student labelled, and "
                f"{given} such labels"
            )
        rounds = sorted(stored)
        starts = np.cumsum([0, *(len(stored[index]) for index in rounds)])
        first = dict(zip(rounds, starts.tolist(), strict=False))
        for entry in self.entries:
            count = min(len(frames.get(entry.origin, ())) for frames in (stored, origins))
            if not 0 <= entry.number < count:
                raise IpipError(
                    f"a pretraining set names {entry.frame_id} as frame {entry.number} of round "
                    f"{entry.origin}, which stored {count}"
                )
        self._view = FrameView(
            [stored[index] for index in rounds],
            [first[entry.origin] + entry.number for entry in self.entries],
        )

    def __len__(self) -> int:
        return len(self.entries)

    def read(self, indices: Iterable[int]) -> list[Frame]:
        """Return the frames with these indices, each with its label in this set."""
        chosen = list(indices)
        return [
            self._labelled(index, frame)
            for index, frame in zip(chosen, self._stored(chosen), strict=True)
        ]

    def read_teacher(self, indices: Iterable[int]) -> list[Frame]:
        """Return the frames with these indices, each with the teacher's label, shifted."""
        chosen = list(indices)
        return [
            self._by_teacher(index, frame)
            for index, frame in zip(chosen, self._stored(chosen), strict=True)
        ]

    def _stored(self, indices: Sequence[int]) -> Iterator[Frame]:
        """Yield stored frames with their entries, after a check that they match.

        Raises:
            IpipError: another frame is stored at the place in the index.
        """
        for index, frame in zip(indices, self._view.read(indices), strict=True):
            entry = self.entries[index]
            identity = Provenance.of(frame).id_in_round(entry.origin)
            if identity != entry.frame_id:
                raise IpipError(
                    f"a pretraining set names {entry.frame_id} as frame {entry.number} of round "
                    f"{entry.origin}; {identity} is stored instead"
                )
            yield with_entry(frame, entry)

    def _labelled(self, index: int, frame: Frame) -> Frame:
        if self._labels is None or self.entries[index].label == TEACHER:
            return self._by_teacher(index, frame)
        try:
            return self._labels.label(int(self._label_rows[index]), frame)
        except ValueError as error:
            raise IpipError(f"{self.entries[index].frame_id}: {error}") from None

    def _by_teacher(self, index: int, frame: Frame) -> Frame:
        entry = self.entries[index]
        return shifted(frame, self._origins[entry.origin][entry.number].energy_shift_ev or 0.0)


def with_entry(frame: Frame, entry: SetEntry) -> Frame:
    """Return the frame with its entry in its info, and its trajectory and step."""
    provenance = Provenance.of(frame)
    return Provenance(
        traj=provenance.traj,
        md_step=provenance.md_step,
        frame_id=entry.frame_id,
        origin=entry.origin,
        label=entry.label,
        held_out=entry.held_out,
        biased=provenance.biased,
    ).replacing_info_of(frame)
