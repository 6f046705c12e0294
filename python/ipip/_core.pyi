"""The compiled part of ipip. Importing it registers the operator `torch.ops.ipip.halo_exchange`.

Import torch first: it loads the libraries that libipip is linked against.
"""

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import numpy.typing as npt

class CoreError(RuntimeError):
    """A failure of libipip, told in one line."""

def version() -> str:
    """Version of libipip, "major.minor.patch"."""

def torch_version_built() -> str:
    """Version of libtorch that libipip was compiled for, "major.minor.patch"."""

def torch_version_loaded() -> str:
    """Version of the libtorch that is loaded, "major.minor.patch"."""

class Student:
    """A model file evaluated by libipip, with the buffers that it keeps between calls.

    Args:
        path: of the model file.
        backend: `fused` (kernels for PaiNN), `torchscript`, or `auto` for the faster that runs it.
        threads: of one evaluation.
        instruction_set: of the fused kernels: `avx512`, `avx2`, `generic`, or `auto` for the best.
        table_error: largest error of the fused backend's radial tables over the largest value and
            slope; 0 for 3e-7 with float32 and 1e-10 with float64.

    Raises:
        CoreError: the file is not a student, or an option is wrong or cannot be had.
    """

    def __init__(
        self,
        path: str,
        backend: str = "auto",
        threads: int = 1,
        instruction_set: str = "auto",
        table_error: float = 0.0,
    ) -> None: ...
    @property
    def backend(self) -> str:
        """What evaluates it, in a few words."""

    @property
    def cutoff(self) -> float:
        """Å."""

    @property
    def symbols(self) -> list[str]:
        """Elements; a species is an index into them."""

    @property
    def buffer_bytes(self) -> float:
        """Bytes of the buffers that are kept between calls."""

    def compute(
        self,
        species: npt.ArrayLike,
        edge_index: npt.ArrayLike,
        edge_vec: npt.ArrayLike,
        n_local: int,
        atom_virials: bool = False,
    ) -> dict[str, Any]:
        """Evaluate one step, under the active halo exchanger if there is one.

        Args:
            species: [n_total] index into `symbols`; local atoms first, then halo rows.
            edge_index: [2, n_edges] receiving atom (local), neighbour; ordered by receiver; pairs
                of local atoms in both directions.
            edge_vec: [n_edges, 3] r_j - r_i in Å.
            n_local: number of local atoms.
            atom_virials: whether per-atom virials are wanted.

        Returns:
            `energy` (eV), `atom_energies` [n_local] (eV), `forces` [n_total, 3] (eV/Å), `virial`
            [3, 3] (eV, LAMMPS' sign: minus the strain derivative) and, if asked for,
            `atom_virials` [n_total, 3, 3].

        Raises:
            CoreError: the arrays do not fit each other.
        """

class GatherHalo:
    """Context in which `halo_exchange` appends copies of local rows.

    Args:
        n_local: rows that the operator's argument has.
        owners: [n_halo] local row that each appended row copies, each in [0, n_local).

    Raises:
        CoreError: an owner is not a local row.
    """

    def __init__(self, n_local: int, owners: Sequence[int]) -> None: ...
    def __enter__(self) -> GatherHalo: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...
