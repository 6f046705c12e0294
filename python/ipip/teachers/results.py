"""Requests to a teacher and its results: jobs, trajectories, identity."""

from __future__ import annotations

import dataclasses
from typing import Any, Literal

from ipip.config.md import TeacherMDSettings
from ipip.data.frame import Frame


@dataclasses.dataclass(frozen=True)
class MDJob:
    """One trajectory to run.

    Attributes:
        name: unique name; stored as ``info["traj"]`` of its frames.
        frame: start configuration.
        seed: of the velocities and, for Langevin, of the noise.
        md: settings of this trajectory, or None for the settings of the call.
    """

    name: str
    frame: Frame
    seed: int
    md: TeacherMDSettings | None = None


@dataclasses.dataclass(frozen=True)
class MDResult:
    """One trajectory of the teacher.

    Attributes:
        name: of the job.
        seed: of the job.
        state: "finished", or "failed" if the teacher's run left its bounds.
        reason: why it failed, or None.
        step: last step reached.
        frames: those within bounds, every ``frame_interval`` steps, with energy, forces, stress
            (periodic cells) and info ``traj``, ``md_step``, ``temperature_k``.
        seconds: wall time of the dynamics.
        us_per_atom_step: microseconds of wall time per atom and step, or None without steps.
    """

    name: str
    seed: int
    state: Literal["finished", "failed"]
    reason: str | None
    step: int
    frames: list[Frame]
    seconds: float
    us_per_atom_step: float | None

    def as_dict(self) -> dict[str, Any]:
        """Return all fields except the frames as plain values."""
        plain = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        plain["frames"] = len(self.frames)
        return plain


@dataclasses.dataclass(frozen=True)
class TeacherInfo:
    """The identity of the teacher that computed labels.

    Attributes:
        kind: sevennet, chgnet, mace or ase.
        model: name, file or import path.
        modal: modality of a multi-modal model, or None.
        weights_digest: "sha256:..." over the weights, or None without weights.
        versions: package to version in the worker's environment.
        start_s: loading time, s.
    """

    kind: str
    model: str
    modal: str | None
    weights_digest: str | None
    versions: dict[str, str]
    start_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for a manifest."""
        return dataclasses.asdict(self)
