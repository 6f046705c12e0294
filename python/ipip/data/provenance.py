"""The origin of a frame: one record, and the only code that uses its keys in a frame's info.

The names of the fields are the keys. Files keep them, so that a frame of a run that returns
  from a file keeps its provenance.
"""

from __future__ import annotations

import dataclasses
import typing
from typing import Any, Self

import numpy as np

from ipip.data.frame import Frame
from ipip.errors import InputError

TEACHER, REFERENCE = "teacher", "reference"  # sources of labels, besides students
TEACHER_ERROR = "teacher_error"  # key of the reason why a teacher gave no label


@dataclasses.dataclass(frozen=True, kw_only=True)
class Provenance:
    """The origin of a frame, as far as known.

    Attributes:
        traj: name of the MD run or other trajectory.
        md_step: step of that run.
        time_fs: time of that step, fs.
        temperature_k: K; of the instant.
        target_temperature_k: K; of the thermostat.
        system: name of the system that was run.
        config_type: class of the frame, by which errors are listed.
        frame_id: unique within a run of the loop: ``round_001/RUN/STEP``.
        origin: round whose exploration made the frame.
        label: source of its label: ``teacher``, ``reference``, ``student 0``.
        held_out: whether it is used only for validation.
        biased: whether its run was biased towards high uncertainty.
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
        """Return the provenance in a frame's info.

        A value of another type (an `origin` that is not a number) belongs to another program that
        used
        the same key: it is ignored.
        """
        stated = {name: frame.info[name] for name in _KINDS if frame.info.get(name) is not None}
        values = {name: _converted(_KINDS[name], value) for name, value in stated.items()}
        return cls(**{name: value for name, value in values.items() if value is not None})

    def as_info(self) -> dict[str, Any]:
        """Return the known fields, by the keys of a frame's info."""
        values = ((name, getattr(self, name)) for name in _KINDS)
        return {name: value for name, value in values if value is not None and value is not False}

    def replacing_info_of(self, frame: Frame) -> Frame:
        """Return the frame with this and its electronic state in its info, and nothing else."""
        return frame.replace(info=self.as_info())

    def added_to(self, frame: Frame) -> Frame:
        """Return the frame with this in its info, besides the other values."""
        return frame.replace(info=frame.info | self.as_info())

    @property
    def run_and_step(self) -> tuple[str, int]:
        """Name of the MD run, and step.

        Raises:
            InputError: one of them is unknown.
        """
        if self.traj is None or self.md_step is None:
            raise InputError(
                "a frame's info has no traj or no md_step; expected its MD run and its step there"
            )
        return self.traj, self.md_step

    def id_in_round(self, index: int) -> str:
        """Return the id of a frame of MD that round `index` made.

        Raises:
            InputError: its run or its step is unknown.
        """
        run, step = self.run_and_step
        return f"round_{index:03d}/{run}/{step}"


def config_type_of(frame: Frame) -> str:
    """Return a frame's config type, by which errors are listed; ``-`` if it has none."""
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
    """Return a value of info in its field's type, or None if it is of another type.

    Text files turn names of digits into numbers.
    """
    if kind is bool:
        return bool(value) if isinstance(value, (bool, np.bool_)) else None
    try:
        converted = kind(value)
        return None if kind is int and converted != float(value) else converted
    except (TypeError, ValueError, OverflowError):
        return None
