"""A student evaluated by libipip, as in LAMMPS."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ipip.data.evaluated import Evaluated
from ipip.data.frame import FloatArray, Frame, IntArray
from ipip.errors import InputError
from ipip.export import Metadata, load_core_student
from ipip.graph import SAME_PLACE, NeighborSearch, species_index
from ipip.graph.candidates import CandidateSearch

ATOMS_AT_ONCE = 20_000
"""Of frames in one call of a GPU: enough to fill it, and well below its memory."""

Pairs = tuple[IntArray, IntArray, FloatArray]


def _evaluated(results: dict[str, Any]) -> Evaluated:
    return Evaluated(
        results["atom_energies"],
        results["forces"],
        -results["virial"],
        results.get("uncertainties"),
    )


class MovingCore:
    """A moving system, evaluated as in a deck: candidates occasionally, else only positions.

    See :class:`ipip.evaluation.students.MovingSystem`. Results do not depend on earlier
    evaluations, except for rounding.

    Args:
        student: the evaluator.
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
            NeighborSearch(student.cutoff).find(
                positions, cell, pbc
            )  # names the atoms in its error
        return _evaluated(results)


class CoreStudent:
    """Evaluates structures by libipip; see :class:`ipip.evaluation.OpenStudent`.

    Args:
        model: the model file.
        metadata: of the file.
        backend: `auto`, `kernels` or `torchscript`.
        threads: of one evaluation.
        device: `cpu`; or a GPU, which evaluates many frames at once.

    Attributes:
        core: the evaluator; it holds the candidates of one moving system at a time.
        holder: identifies that system, or None.

    Raises:
        InputError: the file is not a student, or was replaced; or the backend cannot run it.
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        metadata: Metadata,
        backend: str = "auto",
        threads: int = 1,
        device: str = "cpu",
    ) -> None:
        self.core = load_core_student(model, backend, threads, metadata, device)
        self._atoms_at_once = 1 if device == "cpu" else ATOMS_AT_ONCE
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
        """Return an evaluator of a moving system, as in a deck."""
        return MovingCore(self, skin)

    def evaluate_frames(self, frames: Sequence[Frame]) -> list[Evaluated]:
        """Evaluate frames: one by one on the CPU, many at once on a GPU."""
        done: list[Evaluated] = []
        for batch in self._batches(frames):
            if len(batch) == 1:
                done.append(self.evaluate(*batch[0]))
                continue
            first, joined = _join(batch)
            results = self.core.compute(
                *joined,
                len(joined[0]),
                atom_virials=True,
                uncertainties=self.core.has_uncertainty,
            )
            by_atom = {"atom_energies", "forces", "uncertainties"} & results.keys()
            for begin, end in itertools.pairwise(first):
                own = {name: results[name][begin:end] for name in by_atom}
                virial = results["atom_virials"][begin:end].sum(axis=0)
                done.append(_evaluated(own | {"virial": virial}))
        return done

    def describe_frames(self, frames: Sequence[Frame]) -> list[FloatArray]:
        """Return the final invariant features [n, F] of the atoms of each frame."""
        rows: list[FloatArray] = []
        for batch in self._batches(frames):
            first, joined = _join(batch)
            features = self.core.features(*joined)
            rows += [features[begin:end] for begin, end in itertools.pairwise(first)]
        return rows

    def _batches(self, frames: Sequence[Frame]) -> Iterator[list[Pairs]]:
        """Yield frames to evaluate at once; atoms of different frames are never neighbours."""
        batch: list[Pairs] = []
        n_atoms = 0
        for pairs in self._pairs(frames):
            if batch and n_atoms + len(pairs[0]) > self._atoms_at_once:
                yield batch
                batch, n_atoms = [], 0
            batch.append(pairs)
            n_atoms += len(pairs[0])
        if batch:
            yield batch

    def _pairs(self, frames: Sequence[Frame]) -> Iterator[Pairs]:
        search = NeighborSearch(self.cutoff)
        for index, frame in enumerate(frames):
            try:
                edge_index, edge_vec = search.find(frame.positions, frame.cell, frame.pbc)
            except InputError as error:
                raise InputError(f"frame {index}: {error}") from None
            yield species_index(frame.numbers, self.symbols), edge_index, edge_vec


def _join(batch: Sequence[Pairs]) -> tuple[list[int], Pairs]:
    """Return the first atom of each system, then the total number, and all systems as one."""
    species, edges, vectors = zip(*batch, strict=True)
    first = [0, *itertools.accumulate(len(own) for own in species)]
    moved = [own + begin for own, begin in zip(edges, first, strict=False)]
    return first, (np.concatenate(species), np.concatenate(moved, axis=1), np.concatenate(vectors))
