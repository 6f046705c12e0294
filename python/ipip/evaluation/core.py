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
from ipip.graph import SAME_PLACE, NeighborSearch, species_index
from ipip.graph.candidates import CandidateSearch

Pairs = tuple[IntArray, IntArray, FloatArray]


def _evaluated(results: dict[str, Any]) -> Evaluated:
    return Evaluated(
        results["atom_energies"],
        results["forces"],
        -results["virial"],
        results.get("uncertainties"),
    )


class MovingCore:
    """A system that moves, as a deck evaluates it: candidates once in a while, else positions.

    See :class:`ipip.evaluation.students.MovingSystem`. Results do not depend on what was evaluated
    before, but for rounding.

    Args:
        student: evaluates.
        skin: Å, see `CandidateSearch`.
    """

    def __init__(self, student: CoreStudent, skin: float) -> None:
        self._student, self._search = student, CandidateSearch(student.cutoff, skin)
        self._own = object()

    def evaluate(
        self, species: IntArray, positions: FloatArray, cell: FloatArray, pbc: npt.ArrayLike
    ) -> Evaluated:
        """Evaluate a system."""
        student, core = self._student, self._student.core
        if student.holder is not self._own:
            self._search.forget()
        new, points = self._search.update(species, len(student.symbols), positions, cell, pbc)
        if new is not None:
            student.holder = None
            core.set_candidates(**new)
            student.holder = self._own
        results = core.compute_points(points, uncertainties=core.has_uncertainty)
        if results["closest"].min(initial=SAME_PLACE) < SAME_PLACE:
            NeighborSearch(student.cutoff).find(positions, cell, pbc)  # says which atoms
        return _evaluated(results)


class CoreStudent:
    """Evaluates structures by libipip; see :class:`ipip.evaluation.OpenStudent`.

    Args:
        model: the model file.
        metadata: that was read from it.
        backend: `auto`, `kernels` or `torchscript`.
        threads: of one evaluation.

    Attributes:
        core: that evaluates; it has the candidates of one moving system at a time.
        holder: stands for that system; None where there is none.

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
        self.core = load_core_student(model, backend, threads, metadata)
        self.description = self.core.backend
        self.symbols, self.cutoff = metadata.symbols, metadata.cutoff
        self.holder: object | None = None

    def evaluate(self, species: IntArray, edge_index: IntArray, edge_vec: FloatArray) -> Evaluated:
        """Evaluate one structure, given by the pairs within the cutoff."""
        return _evaluated(
            self.core.compute(
                species,
                edge_index,
                edge_vec,
                len(species),
                uncertainties=self.core.has_uncertainty,
            )
        )

    def follow(self, skin: float) -> MovingCore:
        """Return what evaluates a system that moves, as a deck does."""
        return MovingCore(self, skin)

    def evaluate_frames(self, frames: Sequence[Frame]) -> list[Evaluated]:
        """Evaluate frames, one after the other."""
        return [self.evaluate(*pairs) for pairs in self._pairs(frames)]

    def describe_frames(self, frames: Sequence[Frame]) -> list[FloatArray]:
        """Return the final invariant features [n, F] of the atoms of each frame."""
        return [self.core.features(*pairs) for pairs in self._pairs(frames)]

    def _pairs(self, frames: Sequence[Frame]) -> Iterator[Pairs]:
        search = NeighborSearch(self.cutoff)
        for index, frame in enumerate(frames):
            try:
                edge_index, edge_vec = search.find(frame.positions, frame.cell, frame.pbc)
            except InputError as error:
                raise InputError(f"frame {index}: {error}") from None
            yield species_index(frame.numbers, self.symbols), edge_index, edge_vec
