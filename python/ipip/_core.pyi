"""The compiled part of ipip, which needs no torch but for what says so.

Import it as ``from ipip.native import core``, which tells where this is the compiled part of
another build.
"""

from collections.abc import Mapping, Sequence, Set
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ipip.lammps.byte_source import ByteSource

class CoreError(RuntimeError):
    """A failure of libipip, told in one line."""

def built_for() -> str:
    """Digest of this file when the module was built, see :mod:`ipip.native`."""

def version() -> str:
    """Version of libipip, "major.minor.patch"."""

def torch_parts() -> list[str]:
    """Versions of torch, as "major.minor", that this ipip has a torch part for, from old to new."""

def torch_version() -> str:
    """Version of the libtorch that is loaded, else of the one found, "major.minor.patch". Loads it.

    Raises:
        CoreError: there is none.
    """

def load_operators() -> None:
    """Register `torch.ops.ipip.halo_exchange` and `torch.classes.ipip.PainnTraining`.

    Loads libtorch. :func:`ipip.native.load_operators` imports torch before.

    Raises:
        CoreError: libtorch cannot be loaded, or ipip has no torch part that fits it.
    """

def current_backend_name(name: str) -> str:
    """Return a backend's name as it is today: `kernels` for `fused`; any other text as it is."""

def kernels_refusal(path: str | bytes) -> str:
    """Why the kernels do not run the student in a file, or "" where they do.

    Raises:
        CoreError: the file is not a student.
    """

def check_file(path: str | bytes) -> str:
    """Read and check all of a model file, run nothing of it; return the digest of its weights.

    Raises:
        CoreError: the file is not a student, or its parts contradict each other.
    """

def architecture_refusal(architecture: str) -> str:
    """Why the kernels do not run students of an architecture, or "" where they do."""

def training_refusal(architecture: str, device: str) -> str:
    """Why the kernels do not train students of an architecture on a torch device, or ""."""

class DeviceTraining:
    """The training kernels of one PaiNN on a GPU or the emulated device.

    Tensors are named by their addresses in the memory of the device (of the host, where that is
    emulated); whole numbers have 32 bits. :mod:`ipip.train.prediction.device_kernels` says which.

    Args:
        device: `cuda:k` or `emulate`.
        float64: precision of weights and sums over channels.
        gaussian, cosine: radial basis and envelope.
        cutoff: Å.
        offsets, widths: [K] of the radial basis.
        n_species, channels, layers, readout: widths of the network.
        epsilon: under the square root of norms.
        table_error: of the splines that stand for the radial basis.

    Attributes:
        n_weights: how many numbers the weights are.
        pieces: of the splines.
        description: what runs, in a few words.

    Raises:
        CoreError: the device cannot be had.
    """

    n_weights: int
    pieces: int
    description: str

    def __init__(
        self,
        *,
        device: str,
        float64: bool,
        gaussian: bool,
        cosine: bool,
        cutoff: float,
        offsets: list[float],
        widths: list[float],
        n_species: int,
        channels: int,
        layers: int,
        readout: int,
        epsilon: float,
        table_error: float,
    ) -> None: ...
    def evaluate(
        self, n: int, n_pairs: int, n_frames: int, addresses: dict[str, int], stream: int
    ) -> None:
        """Compute energies, strain derivatives and forces of frames."""

    def gradients(self, addresses: dict[str, int], stream: int) -> None:
        """Compute the gradient of a loss of the last evaluation's results by the weights."""

class Student:
    """A model file evaluated by libipip, with the buffers that it keeps between calls.

    Args:
        path: of the model file.
        backend: `kernels` (for PaiNN, which read numbers from the file), `auto` (the same), or
            `torchscript` (any student, by the program that is in the file: this runs code); or an
            old name, see `current_backend_name`.
        threads: of one evaluation.
        instruction_set: of the kernels: `avx512`, `avx2`, `neon`, `generic`, or `auto` for the
            best.
        table_error: largest error of the kernels' radial tables over the largest value and slope;
            0 for 3e-7 with float32 and 1e-10 with float64.
        most_tabulated_pairs: pairs of an atom, in the mean of a block of atoms, up to which the
            kernels tabulate the first layer; negative is where tables are faster. All give the
            same, to rounding.
        lone_pairs: whether the kernels work apart on pairs of atoms that see nobody else; the
            same, to rounding, and faster.
        device: `cpu`, `cuda:N` or, with the kernels, `emulate`: the host, which executes the
            kernels for GPUs and checks each of their accesses to memory.
        bias: eV, largest bias energy of an atom towards where the student is uncertain
            (docs/uncertainty.md), on the cpu or by `torchscript`; 0 for none.
        bias_width: score at which the bias is 1 - 1/e of that.

    Raises:
        CoreError: the file is not a student, or an option is wrong or cannot be had.
    """

    def __init__(
        self,
        path: str | bytes,
        backend: str = "auto",
        threads: int = 1,
        instruction_set: str = "auto",
        table_error: float = 0.0,
        most_tabulated_pairs: float = -1.0,
        lone_pairs: bool = True,
        device: str = "cpu",
        bias: float = 0.0,
        bias_width: float = 2.0,
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
    def weights_digest(self) -> str:
        """Digest of the weights, "sha256:..."."""

    @property
    def has_uncertainty(self) -> bool:
        """Whether the file says what errors to expect."""

    @property
    def buffer_bytes(self) -> float:
        """Bytes in main memory that are kept between calls."""

    @property
    def device_calls(self) -> dict[str, int]:
        """What a device was asked for so far; empty where there is none.

        `allocations`, `launches` and `copies` (one by one, or while they were recorded), `replays`
        of what was recorded, `waits` of the host.
        """

    def warm_up(self) -> None:
        """Evaluate a small cluster without exchanges."""

    def compute(
        self,
        species: npt.ArrayLike,
        edge_index: npt.ArrayLike,
        edge_vec: npt.ArrayLike,
        n_local: int,
        atom_virials: bool = False,
        uncertainties: bool = False,
    ) -> dict[str, Any]:
        """Evaluate one step, under the active halo exchanger if there is one.

        Args:
            species: [n_total] index into `symbols`; local atoms first, then halo rows.
            edge_index: [2, n_edges] receiving atom (local), neighbour; ordered by receiver; pairs
                of local atoms in both directions.
            edge_vec: [n_edges, 3] r_j - r_i in Å.
            n_local: number of local atoms.
            atom_virials: whether per-atom virials are wanted.
            uncertainties: whether expected errors of the forces are wanted.

        Returns:
            `energy` (eV), `n_pairs`, `atom_energies` [n_local] (eV), `forces` [n_total, 3] (eV/Å),
            `virial` [3, 3] (eV, LAMMPS' sign: minus the strain derivative) and, if asked for,
            `atom_virials` [n_total, 3, 3] and `uncertainties` [n_local] (eV/Å).

        Raises:
            CoreError: the arrays do not fit each other.
        """

    def features(
        self, species: npt.ArrayLike, edge_index: npt.ArrayLike, edge_vec: npt.ArrayLike
    ) -> npt.NDArray[np.float64]:
        """Return the final invariant features of all atoms, which the readout takes, [n, F].

        Args:
            species: [n] index into `symbols`; there are no halo rows.
            edge_index: as `compute`.
            edge_vec: as `compute`.

        Raises:
            CoreError: the arrays do not fit each other.
        """

    def set_candidates(
        self,
        species: npt.ArrayLike,
        rows: npt.ArrayLike,
        types: npt.ArrayLike,
        centres: npt.ArrayLike,
        first: npt.ArrayLike,
        neighbours: npt.ArrayLike,
        n_types: int,
    ) -> None:
        """Take the pairs that may come closer than the cutoff in the steps that follow.

        A point is an atom or an image of one. As in `pair_style ipip`, candidates come with each
        neighbour list and points with each step.

        Args:
            species: [n_total] index into `symbols`; local atoms first, then halo rows.
            rows: [n_points] row of the atom that a point shows; -1 for one that is no candidate's.
            types: [n_points] type of a point, for the smallest distances.
            centres: [n_local] point of each local atom.
            first: [n_local + 1] first candidate of each local atom, then their number.
            neighbours: [n_candidates] point of the neighbour; pairs of local atoms in both
                directions.
            n_types: types of points.

        Raises:
            CoreError: the arrays do not fit each other.
        """

    @property
    def finds_candidates(self) -> bool:
        """Whether candidates may be found by the student itself, where its data is."""

    def find_contacts(
        self, kinds: npt.ArrayLike, points: npt.ArrayLike, n_local: int, reach: float
    ) -> npt.NDArray[np.uint8]:
        """Find which points touch other ranks: the first half of finding candidates.

        Args:
            kinds: [n_points] 0 for a point that is nobody's neighbour, 1 for an atom of this rank
                or an image of one, 2 for an image of an atom of another rank.
            points: [n_points, 3] Å.
            n_local: the first points are this rank's atoms, the others images.
            reach: Å; points closer than this are candidates.

        Returns:
            [n_points] 1 for an atom that has a remote point within reach, and for a remote point
            that has an atom.

        Raises:
            CoreError: the arrays do not fit each other, or a position is not a number.
        """

    def find_candidates(
        self,
        species: npt.ArrayLike,
        rows: npt.ArrayLike,
        types: npt.ArrayLike,
        centres: npt.ArrayLike,
        n_types: int,
    ) -> tuple[list[int], list[int]]:
        """Find candidates among the points of `find_contacts`; arguments as `set_candidates`.

        Returns:
            `first` and `neighbours` as `set_candidates` takes them.

        Raises:
            CoreError: the arrays do not fit each other.
        """

    def compute_points(
        self,
        points: npt.ArrayLike,
        atom_virials: bool = False,
        uncertainties: bool = False,
        totals: bool = True,
    ) -> dict[str, Any]:
        """Evaluate one step of the candidates.

        Args:
            points: [n_points, 3] Å.
            atom_virials: whether per-atom virials are wanted.
            uncertainties: whether expected errors of the forces are wanted.
            totals: whether energies, the virial and the number of pairs are wanted. Without, a
                device brings back forces alone: `atom_energies` is empty then, the others are not
                a number, or -1.

        Returns:
            What `compute` returns, and `closest` [n_types (n_types + 1) / 2] (Å, of types (0, 0)
            (0, 1) .. (1, 1) .., the cutoff where no pair is closer).

        Raises:
            CoreError: there are no candidates, or fewer points than theirs; or the model fails.
        """

def visible_gpus(backend: str) -> tuple[int, str]:
    """Return how many GPUs a backend sees, and why it never sees any, or an empty text.

    Loads libtorch for `torchscript` alone.

    Raises:
        CoreError: the backend is unknown, or libtorch cannot be had.
    """

def place_rank(
    request: str, rank: int, ranks: int, gpus: int, share: bool = False, why_never: str = ""
) -> str:
    """Return the device of one MPI rank, `cpu` or `cuda:N`.

    Args:
        request: `auto`, `cpu`, `cuda` or `cuda:N`.
        rank: number of the rank among those of its node.
        ranks: ranks on the node.
        gpus: GPUs that the rank sees.
        share: whether several ranks may use one GPU.
        why_never: why its backend never sees any, or an empty text.

    Raises:
        CoreError: the request cannot be met; the text says why and what to do.
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

class DumpParser:
    """What is wanted of the files of a text dump.

    Args:
        columns: further numeric columns to read beside id, type, element, positions and the image
            flags that unwrap them; None: all of them.
        numbers: atomic number of each symbol.
        symbols: element of each LAMMPS type, or None.
        instructions: of the processor, that may be used: auto, avx512, sse or plain.
        steps: frames of other steps are not read; None: of all.
        whole: whether a last row with all its columns counts without a line feed behind it, also
            where digits of its last number may be missing.

    Raises:
        CoreError: the processor does not run these instructions.
    """

    def __init__(
        self,
        columns: Set[str] | None,
        numbers: Mapping[str, int],
        symbols: Sequence[str] | None,
        instructions: str = "auto",
        steps: Set[int] | None = None,
        whole: bool = False,
    ) -> None: ...
    def open(
        self,
        source: int | ByteSource,
        offset: int = 0,
        ahead: bool = False,
        piece: int = 1 << 18,
    ) -> DumpFrames:
        """Begin to read a file.

        Args:
            source: descriptor of a file, which is read from where it stands, or an object with
                `readinto`. The caller closes it, after the frames.
            offset: bytes of text before it.
            ahead: whether a second thread reads beside the caller's; of descriptors only.
            piece: bytes of a block of small frames, on which nothing that comes out depends.
        """

class DumpFrames:
    """What stands in a dump, in its order. Not for several threads at once."""

    def next(self) -> tuple[Any, ...] | None:
        """Return what comes next; None at the end.

        Returns:
            What it is: 0 (a frame), 1 (one of a step that is not wanted), 2 (one that is cut off,
            behind which another one begins), 3 (a last one that is cut off) or 4 (a last one of
            which digits of the last number may be missing); the step; bytes of text before it, and
            before what follows (of a last frame without a line feed: before it); of a frame that
            was read also cell, origin, pbc, numbers, types, ids, positions, whether they are
            unwrapped, forces, the columns as stored, whether several types all have LAMMPS'
            default element, and its time and its units, where the text says them. The shapes are
            those of `DumpFrame`, the units those of the text.

        Raises:
            CoreError: the text is not that of a dump of atoms, or a row has too few or too many
                words, or one that is not a number. What the source raises comes out too.
        """

    def close(self) -> None:
        """End the second thread and forget what was read ahead; nothing comes afterwards."""
