r"""Feature distillation (Ekström Kelvinius et al., NeurIPS 2023, arXiv 2306.14818).

*n2n* (node to node): a linear map of the student's final atomic features is drawn to the teacher's,

    mean over atoms of |M h_student + b - h_teacher|^2 / width

*a2a* (atom to atom): the student's embedding of each element starts as a linear map of the
teacher's embedding. With S elements and a teacher embedding of rank S every table of S rows is such
a map, so tying the two for the whole training would restrict nothing: only the start differs.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from ipip.errors import InputError
from ipip.models import Student

FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class FeatureScale:
    """Mean and standard deviation of each of the teacher's features over a set of atoms.

    Attributes:
        mean, deviation: [width].
    """

    mean: FloatArray
    deviation: FloatArray

    @classmethod
    def of(cls, features: Sequence[FloatArray]) -> FeatureScale:
        """Fit to [n, width] features of many frames; constant features get deviation 1."""
        pooled = np.concatenate(list(features))
        deviation = pooled.std(axis=0)
        return cls(pooled.mean(axis=0), np.where(deviation > 1e-12, deviation, 1.0))

    def standardise(self, features: FloatArray) -> FloatArray:
        """Return features of zero mean and unit deviation."""
        return (features - self.mean) / self.deviation


class NodeMatch(nn.Module):
    """The n2n loss with its linear map.

    Args:
        student_width: width of the student's final features.
        teacher_width: width of the teacher's.
        seed: of the map's first weights.
    """

    def __init__(self, student_width: int, teacher_width: int, seed: int) -> None:
        super().__init__()
        self.map = nn.Linear(student_width, teacher_width)
        generator = torch.Generator().manual_seed(seed)
        bound = (6.0 / (student_width + teacher_width)) ** 0.5
        with torch.no_grad():
            self.map.weight.uniform_(-bound, bound, generator=generator)
            self.map.bias.zero_()

    def forward(self, student_features: Tensor, teacher_features: Tensor) -> Tensor:
        """Return the loss of [n, student_width] against [n, teacher_width] (standardised)."""
        difference = self.map(student_features) - teacher_features.to(student_features.dtype)
        return (difference * difference).mean().to(torch.float64)


def embed_from_teacher(student: Student, teacher_embedding: FloatArray, seed: int) -> None:
    """Begin the student's embeddings of the elements with a map of the teacher's (a2a).

    The map is random; the spread of each table is unchanged.

    Args:
        student: changed in place.
        teacher_embedding: [n_species, width] in the order of the student's symbols.
        seed: of the map.

    Raises:
        InputError: another number of elements.
    """
    table = np.asarray(teacher_embedding, dtype=float)
    if table.ndim != 2 or len(table) != len(student.symbols):
        raise InputError(
            f"the teacher's embedding has shape {table.shape}; expected one row for each of "
            f"{' '.join(student.symbols)}"
        )
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for module in student.modules():
            if not isinstance(module, nn.Embedding):
                continue
            weight = module.weight
            source = torch.as_tensor(table, dtype=torch.float64)
            spread = float(source.std())
            if spread == 0.0:
                raise InputError("the teacher's embedding is constant; a2a has nothing to pass on")
            size = (source.shape[1], weight.shape[1])
            linear = torch.randn(size, generator=generator, dtype=torch.float64)
            mapped = source @ linear
            mapped = (mapped - mapped.mean()) / mapped.std() * weight.std().double()
            weight.copy_(mapped.to(weight.dtype))
