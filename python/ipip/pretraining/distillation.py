"""Losses of training steps that need more of the teacher than its labels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ipip.config.pretraining import HessianMethod, NodeMethod
from ipip.models import Student
from ipip.network.graph import Graph
from ipip.pretraining.features import FeatureScale, NodeMatch
from ipip.pretraining.hessian import Coordinates, hessian_loss, student_rows
from ipip.storage.digest import Digest
from ipip.train.prediction.kernels import EnergyForces

FloatArray = npt.NDArray[np.float64]


class HessianObjective:
    """Rows of the teacher's Hessian, of the frames that have them.

    Args:
        method: its settings.
        sizes: number of atoms of every training frame.
        rows: by index of the frame: coordinates [k, 2] and rows [k, n, 3] in eV/Å^2.
    """

    uses_labels = True

    def __init__(
        self,
        method: HessianMethod,
        sizes: list[int],
        rows: Mapping[int, tuple[Coordinates, FloatArray]],
    ) -> None:
        self.heads: nn.Module = nn.Module()
        self.description = f"Hessian rows of {len(rows)} of {len(sizes)} frames, by eager PyTorch"
        self._method, self._sizes, self._rows = method, sizes, rows

    def fingerprint(self) -> dict[str, Any]:
        """Return the settings and a digest of the rows."""
        arrays = [a for _, pair in sorted(self._rows.items()) for a in pair]
        return {"method": self._method.model_dump(), "rows": _digest(arrays)}

    def extras(self, index: int) -> dict[str, Tensor]:
        """Return the rows [n, k, 3], and their atoms and axes [1, k]; zeros without rows.

        A frame with fewer coordinates than rows repeats some.
        """
        k, n = self._method.rows, self._sizes[index]
        target = self._rows.get(index)
        if target is None:
            coordinates, rows = np.zeros((k, 2), dtype=np.int64), np.zeros((k, n, 3))
        else:
            places = np.arange(k) % len(target[0])
            coordinates, rows = target[0][places], target[1][places]
        return {
            "has_target": torch.tensor([target is not None]),
            "hessian": torch.from_numpy(np.ascontiguousarray(rows.transpose(1, 0, 2))),
            "hessian_atom": torch.from_numpy(coordinates[None, :, 0].copy()),
            "hessian_axis": torch.from_numpy(coordinates[None, :, 1].copy()),
        }

    def loss(
        self, student: Student, evaluate: EnergyForces, batch: Graph, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return weight * mean squared error of the entries (Amin et al., Eq. 4)."""
        if not bool(batch.has_target.any()):
            return _nothing(batch), {}
        part = frames_with(batch, batch.has_target)
        chosen = batch.has_target
        starts = torch.cumsum(part.n_atoms, 0) - part.n_atoms
        atoms = batch.hessian_atom[chosen] + starts[:, None]
        predicted = student_rows(student, part, atoms, batch.hessian_axis[chosen])
        own = hessian_loss(predicted, batch.hessian[part.kept])
        return self._method.weight * own, {"hessian": own}


class NodeObjective:
    """The teacher's atomic features, of the frames that have them (n2n).

    Args:
        method: its settings.
        sizes: number of atoms of every training frame.
        features: by index of the frame: [n, width].
        student_width: width of the student's final features.
        seed: of the linear map.
    """

    uses_labels = True

    def __init__(
        self,
        method: NodeMethod,
        sizes: list[int],
        features: Mapping[int, FloatArray],
        student_width: int,
        seed: int,
    ) -> None:
        scale = FeatureScale.of([features[index] for index in sorted(features)])
        self._width = len(scale.mean)
        self._features = {index: scale.standardise(own) for index, own in features.items()}
        self._match = NodeMatch(student_width, self._width, seed)
        self.heads: nn.Module = self._match
        self.description = f"atomic features of {len(features)} of {len(sizes)} frames, by PyTorch"
        self._method, self._sizes, self._seed = method, sizes, seed

    def fingerprint(self) -> dict[str, Any]:
        """Return the settings, the seed and a digest of the features."""
        arrays = [self._features[index] for index in sorted(self._features)]
        return {
            "method": self._method.model_dump(),
            "features": _digest(arrays),
            "seed": self._seed,
        }

    def extras(self, index: int) -> dict[str, Tensor]:
        """Return the standardised features [n, width]; zeros without features."""
        target = self._features.get(index)
        own = np.zeros((self._sizes[index], self._width)) if target is None else target
        return {
            "has_target": torch.tensor([target is not None]),
            "teacher_features": torch.from_numpy(own.astype(np.float32)),
        }

    def loss(
        self, student: Student, evaluate: EnergyForces, batch: Graph, generator: torch.Generator
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return weight * mean squared error of the mapped features."""
        if not bool(batch.has_target.any()):
            return _nothing(batch), {}
        part = frames_with(batch, batch.has_target)
        n = part.species.shape[0]
        features = student.features(part.species, part.edge_index, part.edge_vec, n)
        own = self._match(features, batch.teacher_features[part.kept])
        return self._method.weight * own, {"n2n": own}


def frames_with(batch: Graph, chosen: Tensor) -> Graph:
    """Return the chosen frames of a batch.

    Args:
        batch: graphs.
        chosen: [n_frames] of bool.

    Returns:
        Their species, edge_index, edge_vec and n_atoms, and `kept`: [n] of bool, the atoms of the
        batch that they are.
    """
    kept = chosen[batch.batch]
    place = torch.cumsum(kept, 0) - 1
    edges = kept[batch.edge_index[0]]
    return Graph(
        species=batch.species[kept],
        edge_index=place[batch.edge_index[:, edges]],
        edge_vec=batch.edge_vec[edges],
        n_atoms=batch.n_atoms[chosen],
        kept=kept,
    )


def _nothing(batch: Graph) -> Tensor:
    return torch.zeros((), dtype=torch.float64, device=batch.species.device)


def _digest(arrays: list[Any]) -> str:
    digest = Digest()
    for array in arrays:
        digest.update(np.ascontiguousarray(array).tobytes())
    return str(digest)
