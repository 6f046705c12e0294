"""Where a frame comes from: one record, and the only place that knows its keys in a frame's info.

The names of the fields are the keys. Files keep them, so that a frame that left a run and comes
back from a file is still known.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Self

import numpy as np

from ipip.data.frame import Frame
from ipip.errors import InputError

TEACHER, REFERENCE = "teacher", "reference"  # who labelled a frame, beside students
TEACHER_ERROR = "teacher_error"  # key of why a teacher gave no label


@dataclasses.dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where a frame comes from, as far as it is known.

    Attributes:
        traj: name of the MD run, or of whatever else is its trajectory.
        md_step: step of that run.
        time_fs: time of that step, fs.
        temperature_k: K; of the instant.
        target_temperature_k: K; of the thermostat.
        system: name of the system that was run.
        config_type: kind of frame, by which errors are listed.
        frame_id: unique within a run of the loop: ``round_001/RUN/STEP``.
        origin: round whose exploration made the frame.
        label: who labelled it: ``teacher``, ``reference``, ``student 0``.
        held_out: it validates and never trains.
        biased: its run was biased to where the student is uncertain.
    """

    traj: str | None = None
    md_step: int | None = None
    time_fs: float | None = None
    temperature_k: float | None = None
    target_temperature_k: float | None = None
    system: str | None = None
    config_type: str | None = None
    frame_id: str | None = None
    origin: int | None = None
    label: str | None = None
    held_out: bool = False
    biased: bool = False

    @classmethod
    def of(cls, frame: Frame) -> Self:
        """Return what a frame's info says.

        A value of another kind (an `origin` that is no number) is somebody else's, who used the
        same key: nothing is known by it.
        """
        said = {name: frame.info[name] for name in _KINDS if frame.info.get(name) is not None}
        known = {name: _converted(_KINDS[name], value) for name, value in said.items()}
        return cls(**{name: value for name, value in known.items() if value is not None})

    def as_info(self) -> dict[str, Any]:
        """Return what is known, by the keys of a frame's info."""
        values = ((name, getattr(self, name)) for name in _KINDS)
        return {name: value for name, value in values if value is not None and value is not False}

    def replacing_info_of(self, frame: Frame) -> Frame:
        """Return the frame with this and its electronic state in its info, and nothing else."""
        return frame.replace(info=self.as_info())

    def added_to(self, frame: Frame) -> Frame:
        """Return the frame with this in its info, beside what is there."""
        return frame.replace(info=frame.info | self.as_info())

    @property
    def run_and_step(self) -> tuple[str, int]:
        """Name of the MD run, and step.

        Raises:
            InputError: one of them is not known.
        """
        if self.traj is None or self.md_step is None:
            raise InputError(
                "a frame's info has no traj or no md_step; expected the MD run that it is from, and"
                " its step there"
            )
        return self.traj, self.md_step

    def id_in_round(self, index: int) -> str:
        """Return the id of a frame of MD that round `index` made.

        Raises:
            InputError: its run or its step is not known.
        """
        run, step = self.run_and_step
        return f"round_{index:03d}/{run}/{step}"


def config_type_of(frame: Frame) -> str:
    """Return a frame's kind, by which errors are listed; ``-`` where it has none."""
    return str(frame.info.get("config_type", "-"))


def _kinds() -> dict[str, type]:
    """Return the type of each field, without None."""
    hints = typing.get_type_hints(Provenance)
    return {
        field.name: next(
            kind
            for kind in (typing.get_args(hints[field.name]) or (hints[field.name],))
            if kind is not type(None)
        )
        for field in dataclasses.fields(Provenance)
    }


_KINDS = _kinds()


def _converted(kind: type, value: Any) -> Any:
    """Return a value of info as its field has it, or None where it is of another kind.

    Files of text turn names that consist of digits into numbers.
    """
    if kind is bool:
        return bool(value) if isinstance(value, (bool, np.bool_)) else None
    try:
        converted = kind(value)
        return None if kind is int and converted != float(value) else converted
    except (TypeError, ValueError, OverflowError):
        return None
