"""Requests to a worker and its replies: conversion between frames and messages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ipip.data.electronic_state import calculator_info
from ipip.data.frame import Frame
from ipip.data.parsed import plain
from ipip.data.provenance import Provenance
from ipip.errors import InputError
from ipip.teachers.checkpoint import MDCheckpoint
from ipip.teachers.process import FrameError
from ipip.teachers.results import MDJob, MDResult


def composition(frame: Frame) -> dict[str, Any]:
    """Return the part of a request with a frame's atoms and electronic state.

    Raises:
        InputError: the frame has no atoms, or its charges or multiplicities contradict each other.
    """
    if len(frame) == 0:
        raise InputError("a frame without atoms cannot be labelled by a teacher")
    return {
        "numbers": frame.numbers.tolist(),
        "pbc": frame.pbc.tolist(),
        "info": plain(calculator_info(frame.info, frame.arrays)),
        "per_atom": list(frame.arrays),
    }


def geometry(frame: Frame) -> dict[str, Any]:
    """Return the arrays of a request: positions and cell in Å, and the states of the atoms."""
    return {"positions": frame.positions, "cell": frame.cell, **frame.arrays}


def label_request(frames: Sequence[Frame]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and arrays of the request to label frames."""
    header = {"verb": "label", "frames": [composition(frame) for frame in frames]}
    arrays = {
        f"{name}{index}": array
        for index, frame in enumerate(frames)
        for name, array in geometry(frame).items()
    }
    return header, arrays


def read_labels(arrays: dict[str, Any], suffix: str = "") -> dict[str, Any]:
    """Return the labels in a reply, as fields of a frame."""
    energy = float(np.asarray(arrays[f"energy{suffix}"]).reshape(()))
    forces, stress = arrays[f"forces{suffix}"], arrays.get(f"stress{suffix}")
    return {"energy": energy, "forces": forces, "stress": stress}


def md_request(
    job: MDJob, spec: dict[str, Any], checkpoint: MDCheckpoint | None
) -> tuple[tuple[dict[str, Any], dict[str, Any]], list[Frame]]:
    """Return the request for a trajectory, from its last state if there is one, and its frames."""
    header = {"verb": "md", "spec": spec, **composition(job.frame)}
    stored = None if checkpoint is None else checkpoint.load()
    if stored is None:
        return (header, geometry(job.frame)), []
    (state, arrays), frames = stored
    spec |= {name: state[name] for name in ("step", "seconds", "random")}
    return (header, {**geometry(job.frame), **arrays}), frames


def read_md_frame(job: MDJob, header: dict[str, Any], arrays: dict[str, Any]) -> Frame:
    """Return the frame in a reply to a request for MD."""
    origin = Provenance(
        traj=job.name, md_step=header["step"], temperature_k=float(header["temperature"])
    )
    return origin.added_to(
        job.frame.replace(positions=arrays["positions"], cell=arrays["cell"], **read_labels(arrays))
    )


def failed_reply(error: FrameError, step: int) -> dict[str, Any]:
    """Return the reply for a trajectory on whose frame the teacher raised an error."""
    return {"reply": "done", "step": step, "reason": str(error), "seconds": 0.0}


def md_result(job: MDJob, header: dict[str, Any], frames: list[Frame]) -> MDResult:
    """Return the trajectory that a reply completes."""
    step, seconds = header["step"], header["seconds"]
    return MDResult(
        name=job.name,
        seed=job.seed,
        state="finished" if header["reason"] is None else "failed",
        reason=header["reason"],
        step=step,
        frames=frames,
        seconds=seconds,
        us_per_atom_step=1e6 * seconds / (step * len(job.frame)) if step and seconds else None,
    )
