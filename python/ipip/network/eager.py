"""A student evaluated by its network in PyTorch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from ipip.data.evaluated import Evaluated
from ipip.data.frame import FloatArray, Frame, IntArray
from ipip.errors import InputError
from ipip.export.digest import weights_digest
from ipip.export.model_file import load_student
from ipip.graph import NeighborSearch, species_index
from ipip.models import Student
from ipip.network.batches import MAX_EDGES, batch_arguments, graph_batches
from ipip.network.forces import atomic_energies_and_forces
from ipip.network.frozen import frozen_weights
from ipip.uncertainty import Uncertainty, read_uncertainty


class NetworkStudent:
    """Evaluates structures by a student's network; see :class:`ipip.evaluation.OpenStudent`.

    Args:
        student: on the device that it will stay on.
        batch_size: structures at a time.
        uncertainty: its expected errors, if its file has them.

    Raises:
        InputError: the batch size is below 1.
    """

    description = "eager"

    def __init__(
        self, student: Student, batch_size: int = 64, uncertainty: Uncertainty | None = None
    ) -> None:
        if batch_size < 1:
            raise InputError(f"batch_size is {batch_size}; expected 1 or more")
        self.network, self._batch_size = student, batch_size
        self.symbols, self.cutoff = student.symbols, student.cutoff
        self._uncertainty = uncertainty

    @property
    def _device(self) -> torch.device:
        return next(self.network.parameters()).device

    def evaluate(self, species: IntArray, edge_index: IntArray, edge_vec: FloatArray) -> Evaluated:
        """Evaluate one structure, given by the pairs within the cutoff."""
        on = self._device
        expected = None
        with frozen_weights(self.network):
            energies, forces, strain = atomic_energies_and_forces(
                self.network,
                torch.as_tensor(species, device=on),
                torch.as_tensor(edge_index, device=on),
                torch.as_tensor(edge_vec, device=on),
            )
            if self._uncertainty is not None:
                with torch.no_grad():
                    features = self.network.features(
                        torch.as_tensor(species, device=on),
                        torch.as_tensor(edge_index, device=on),
                        torch.as_tensor(edge_vec, device=on),
                        len(species),
                    )
                expected = self._uncertainty.expected(features.double().cpu().numpy(), species)
        return Evaluated(
            energies.cpu().numpy(), forces.cpu().numpy(), strain.sum(0).cpu().numpy(), expected
        )

    def follow(self, skin: float) -> MovingNetwork:
        """Return an evaluator of a moving system."""
        return MovingNetwork(self, skin)

    def evaluate_frames(self, frames: Sequence[Frame]) -> list[Evaluated]:
        """Evaluate frames, in batches."""
        done = [Evaluated(np.zeros(0), np.zeros((0, 3)), np.zeros((3, 3)))] * len(frames)
        filled = [index for index, frame in enumerate(frames) if len(frame)]
        chosen = [frames[index] for index in filled]
        with frozen_weights(self.network):
            for start, batch in graph_batches(self.network, chosen, self._batch_size, MAX_EDGES):
                energies, forces, strain = atomic_energies_and_forces(
                    self.network, *batch_arguments(batch.to(self._device))
                )
                ends = np.cumsum(batch.n_atoms.tolist())[:-1]
                parts = zip(
                    np.split(energies.cpu().numpy(), ends),
                    np.split(forces.cpu().numpy(), ends),
                    strain.cpu().numpy(),
                    strict=True,
                )
                for offset, values in enumerate(parts):
                    done[filled[start + offset]] = Evaluated(*(part.copy() for part in values))
        if self._uncertainty is None:
            return done
        return [
            item._replace(
                uncertainties=self._uncertainty.expected(
                    features, species_index(frame.numbers, self.symbols)
                )
            )
            for item, frame, features in zip(
                done, frames, self.describe_frames(frames), strict=True
            )
        ]

    def describe_frames(self, frames: Sequence[Frame]) -> list[FloatArray]:
        """Return the final invariant features [n, F] of the atoms of each frame."""
        width = cast(nn.Linear, self.network.readout[0]).in_features
        rows: list[FloatArray] = [np.zeros((0, width)) for _ in frames]
        filled = [index for index, frame in enumerate(frames) if len(frame)]
        chosen = [frames[index] for index in filled]
        with frozen_weights(self.network), torch.no_grad():
            for start, batch in graph_batches(self.network, chosen, self._batch_size, MAX_EDGES):
                species, edge_index, edge_vec, _, _ = batch_arguments(batch.to(self._device))
                features = self.network.features(species, edge_index, edge_vec, len(species))
                parts = torch.split(features.double().cpu(), batch.n_atoms.tolist())
                for offset, values in enumerate(parts):
                    rows[filled[start + offset]] = values.numpy().copy()
        return rows


class MovingNetwork:
    """A moving system; see :class:`ipip.evaluation.students.MovingSystem`."""

    def __init__(self, student: NetworkStudent, skin: float) -> None:
        self._student, self._search = student, NeighborSearch(student.cutoff, skin)

    def evaluate(
        self, species: IntArray, positions: FloatArray, cell: FloatArray, pbc: npt.ArrayLike
    ) -> Evaluated:
        """Evaluate a system, with a neighbour list that is reused while atoms move little."""
        return self._student.evaluate(species, *self._search.find(positions, cell, pbc))


def open_network(
    model: str | os.PathLike[str], device: str = "cpu", batch_size: int = 64
) -> tuple[NetworkStudent, str]:
    """Read a model file as a network; no code in the file is run.

    Returns:
        The student, and the digest of its weights.

    Raises:
        InputError: the file is not a student, or the device does not exist.
    """
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise InputError(f"device is {device!r}, but torch finds no GPU here; use 'cpu'")
    student = load_student(model, device).eval().requires_grad_(False)
    return NetworkStudent(student, batch_size, read_uncertainty(model)), weights_digest(
        student.state_dict()
    )
