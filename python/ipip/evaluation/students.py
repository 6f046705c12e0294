"""Opens a model file with a backend: kernels, TorchScript, or the network in Python."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import Protocol

import numpy.typing as npt

from ipip.data.evaluated import Evaluated
from ipip.data.frame import FloatArray, Frame, IntArray
from ipip.errors import InputError, MissingExtraError
from ipip.evaluation.core import CoreStudent
from ipip.export import Metadata, kernels_refusal, read_metadata
from ipip.export.core_student import require_unchanged
from ipip.native import current_backend_name

BACKENDS = ("auto", "kernels", "torchscript", "eager")
"""Names of backends; auto selects kernels if they run the student, else eager."""


class MovingSystem(Protocol):
    """A moving system, re-evaluated with little work after small moves."""

    def evaluate(
        self, species: IntArray, positions: FloatArray, cell: FloatArray, pbc: npt.ArrayLike
    ) -> Evaluated:
        """Evaluate a system.

        Args:
            species: [n] index into the student's symbols.
            positions: [n, 3] Å.
            cell: [3, 3] rows are lattice vectors, Å.
            pbc: [3] periodic directions.

        Raises:
            InputError: as `ipip.graph.neighbor_list`.
        """


class OpenStudent(Protocol):
    """A student that evaluates structures, with any backend.

    Attributes:
        description: the backend, in a few words.
        symbols: elements in type order.
        cutoff: Å.
    """

    description: str
    symbols: list[str]
    cutoff: float

    def follow(self, skin: float) -> MovingSystem:
        """Return an evaluator of a moving system; `skin` of its neighbour list, Å."""

    def evaluate_frames(self, frames: Sequence[Frame]) -> list[Evaluated]:
        """Evaluate frames, one result for each in order.

        Raises:
            InputError: two atoms of a frame are at the same place, or its cell is impossible.
        """

    def describe_frames(self, frames: Sequence[Frame]) -> list[FloatArray]:
        """Return the final invariant features [n, F] of the atoms of each frame.

        Raises:
            InputError: as `evaluate_frames`.
        """


def open_student(
    model: str | os.PathLike[str],
    *,
    device: str = "cpu",
    backend: str = "auto",
    threads: int = 1,
    batch_size: int = 64,
) -> tuple[OpenStudent, Metadata]:
    """Open a model file; only `torchscript` runs code in it.

    Args:
        model: the model file.
        device: `cpu`; `cuda[:N]`, on which kernels and network run; or `emulate`, which runs the
            kernels for GPUs on the host, slowly and with checks (docs/gpu.md).
        backend: `kernels`, `torchscript` (the program in the file), `eager` (the network in
            Python), or `auto`: kernels if they run the student, else the network; or an old name
            of a backend.
        threads: of one evaluation by `kernels` or `torchscript`.
        batch_size: structures at a time, for the network in Python.

    Returns:
        The student and the metadata of its file.

    Raises:
        InputError: the file is not a student, or an option is wrong or unavailable.
        MissingExtraError: only the network runs this student, and PyTorch is not installed.
    """
    backend = current_backend_name(backend)
    if backend not in BACKENDS:
        raise InputError(f"backend is {backend!r}; expected one of {', '.join(BACKENDS)}")
    if re.fullmatch(r"cpu|emulate|cuda(:\d+)?", device) is None:
        raise InputError(f"device is {device!r}; expected cpu, cuda, cuda:N or emulate")
    metadata = read_metadata(model)
    if device != "cpu" and backend == "torchscript":
        raise InputError(
            f"backend is {backend!r} and device is {device!r}; it runs on the CPU only: use "
            "device 'cpu', or backend 'auto', 'kernels' or 'eager'"
        )
    if device == "emulate" and backend == "eager":
        raise InputError("device is 'emulate', which runs the kernels: use backend 'kernels'")
    reason = kernels_refusal(model) if backend == "auto" else ""
    if backend != "eager" and not (reason and device != "emulate"):
        return CoreStudent(model, metadata, backend, threads, device), metadata
    try:
        from ipip.network.eager import open_network
    except MissingExtraError as error:
        why = f" (the kernels cannot run it: {reason})" if reason else ""
        raise MissingExtraError(f"{os.fspath(model)}{why}: {error}") from None
    network, digest = open_network(model, device, batch_size)
    require_unchanged(model, metadata, digest)
    return network, metadata
