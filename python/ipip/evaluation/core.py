"""A student evaluated by libipip, as LAMMPS does it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy.typing as npt

from ipip.data.evaluated import Evaluated
from ipip.data.frame import FloatArray, Frame, IntArray
from ipip.errors import InputError
from ipip.export import Metadata, load_core_student
from ipip.graph import NeighborSearch, species_index
from ipip.graph.moving import MovingSystem
from ipip.native import core as _core

Pairs = tuple[IntArray, IntArray, FloatArray]


def _evaluated(results: dict[str, Any]) -> Evaluated:
    return Evaluated(results["atom_energies"], results["forces"], -results["virial"])


class MovingCore:
    """A system that moves; see :class:`ipip.evaluation.students.MovingSystem`."""

    def __init__(self, student: _core.Student, skin: float) -> None:
        self._moving = MovingSystem(student, skin)

    def evaluate(
        self, species: IntArray, positions: FloatArray, cell: FloatArray, pbc: npt.ArrayLike
    ) -> Evaluated:
        """Evaluate a system."""
        return _evaluated(self._moving.evaluate(species, positions, cell, pbc))


class CoreStudent:
    """Evaluates structures by libipip; see :class:`ipip.evaluation.OpenStudent`.

    Args:
        model: the model file.
        metadata: that was read from it.
        backend: `auto`, `kernels` or `torchscript`.
        threads: of one evaluation.

    Raises:
        InputError: the file is not a student, or was replaced; or the backend does not run it.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        metadata: Metadata,
        backend: str = "auto",
        threads: int = 1,
    ) -> None:
        self._core = load_core_student(model, backend, threads, metadata)
        self.description = self._core.backend
        self.symbols, self.cutoff = metadata.symbols, metadata.cutoff

    def evaluate(self, species: IntArray, edge_index: IntArray, edge_vec: FloatArray) -> Evaluated:
        """Evaluate one structure, given by the pairs within the cutoff."""
        return _evaluated(self._core.compute(species, edge_index, edge_vec, len(species)))

    def follow(self, skin: float) -> MovingCore:
        """Return what evaluates a system that moves, as a deck does."""
        return MovingCore(self._core, skin)

    def evaluate_frames(self, frames: Sequence[Frame]) -> list[Evaluated]:
        """Evaluate frames, one after the other."""
        return [self.evaluate(*pairs) for pairs in self._pairs(frames)]

    def describe_frames(self, frames: Sequence[Frame]) -> list[FloatArray]:
        """Return the final invariant features [n, F] of the atoms of each frame."""
        return [self._core.features(*pairs) for pairs in self._pairs(frames)]

    def _pairs(self, frames: Sequence[Frame]) -> Iterator[Pairs]:
        search = NeighborSearch(self.cutoff)
        for index, frame in enumerate(frames):
            try:
                edge_index, edge_vec = search.find(frame.positions, frame.cell, frame.pbc)
            except InputError as error:
                raise InputError(f"frame {index}: {error}") from None
            yield species_index(frame.numbers, self.symbols), edge_index, edge_vec
