"""Energies and forces of a PaiNN in training, with the kernels for GPUs.

As `ipip.train.prediction.painn_kernels` on a GPU, or on the host, which emulates the same kernels
(`emulate`). Tensors stay on the student's device; the compiled part receives their addresses.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor, nn

from ipip.errors import InputError
from ipip.models.painn import NORM_EPSILON, PaiNN
from ipip.native import core as _core
from ipip.train.prediction.painn_kernels import TABLE_ERROR, architecture_name, parameters_of

EMULATE = "emulate"


def device_refusal(student: nn.Module) -> str:
    """Return why the kernels for GPUs cannot train a student on a GPU; empty if they can."""
    reason: str = _core.training_refusal(architecture_name(student), "cpu")
    if reason:
        return reason
    gpus, why_none = _core.visible_gpus("kernels")
    return "" if gpus > 0 else why_none or "the kernels find no GPU"


class DevicePainnKernels:
    """A student's energies, forces and strain derivatives, computed by the kernels for GPUs.

    Weights are read at each call. The gradient of a loss must be taken before the next call.

    Args:
        student: a PaiNN on a GPU, or on the CPU for an emulated device.
        device: `cuda:k` or `emulate`; None for the GPU that the student is on.
        table_error: of the splines that replace the radial basis, over the largest value and
            slope; None for 3e-7 in float32 and 1e-11 in float64.

    Attributes:
        shape: of the network, for the compiled class.
        compiled: the compiled class.

    Raises:
        InputError: the student is not a PaiNN, or on another device.
    """

    def __init__(
        self, student: PaiNN, device: str | None = None, table_error: float | None = None
    ) -> None:
        location = next(student.parameters()).device
        student_device = (
            EMULATE if location.type == "cpu" else f"{location.type}:{location.index or 0}"
        )
        device = student_device if device is None else device
        reason = _core.training_refusal(architecture_name(student), "cpu")
        if not reason and device != student_device:
            reason = f"the student is on {location}, but the device is {device}"
        if reason:
            raise InputError(f"{reason}; use ipip.network.energy_and_forces")
        basis, envelope = student.basis, student.envelope
        self._student, self._location = student, location
        self._evaluations = 0
        self.shape: dict[str, Any] = {
            "float64": student.dtype == torch.float64,
            "gaussian": basis.gaussian,
            "cosine": envelope.cosine,
            "cutoff": envelope.cutoff,
            "offsets": basis.offsets.double().tolist(),
            "widths": basis.widths.double().tolist(),
            "n_species": student.embedding.num_embeddings,
            "channels": student.channels,
            "layers": student.layers,
            "readout": len(cast(Tensor, student.readout[0].weight)),
            "epsilon": NORM_EPSILON,
            "table_error": TABLE_ERROR[student.dtype] if table_error is None else table_error,
        }
        self.compiled = _core.DeviceTraining(device=device, **self.shape)

    @property
    def description(self) -> str:
        """The backend in a few words."""
        return self.compiled.description

    def __call__(
        self,
        species: Tensor,
        edge_index: Tensor,
        edge_vec: Tensor,
        frame_of_atom: Tensor | None = None,
        n_frames: int = 1,
        *,
        create_graph: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Evaluate whole systems, as `ipip.network.energy_and_forces`.

        Pairs must be ordered by receiver and present in both directions, as from
        `ipip.graph.neighbor_list`.

        Raises:
            InputError: pairs out of order, or an index out of range.
        """
        if frame_of_atom is None:
            frame_of_atom = torch.zeros_like(species)
        self._check(species, edge_index, frame_of_atom, n_frames)
        frames = self.frames(species, edge_index, edge_vec, frame_of_atom)
        with torch.set_grad_enabled(create_graph):
            weights = weights_of(self._student)
        if create_graph:
            results: tuple[Tensor, Tensor, Tensor] = _Evaluation.apply(  # type: ignore[no-untyped-call]
                self, frames, n_frames, weights
            )
            return results
        return self.evaluate(frames, n_frames, weights)

    def evaluate(
        self, frames: dict[str, Tensor], n_frames: int, weights: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return energies, forces and strain derivatives of frames in the kernels' format."""
        n = len(frames["species"])
        sums = torch.empty((n_frames, 10), dtype=torch.float64, device=self._location)
        forces = torch.empty((n, 3), dtype=torch.float64, device=self._location)
        given = frames | {"weights": weights.detach(), "sums": sums, "forces": forces}
        self._evaluations += 1
        self.compiled.evaluate(
            n, len(frames["neighbours"]), n_frames, _addresses(given), self._stream()
        )
        return sums[:, 0].clone(), forces, sums[:, 1:].reshape(n_frames, 3, 3)

    def gradients(self, evaluation: int, energy: Tensor, forces: Tensor, strain: Tensor) -> Tensor:
        """Return the gradient of a loss by the weights, from its derivatives by the results.

        Raises:
            RuntimeError: another evaluation came between.
        """
        if evaluation != self._evaluations:
            raise RuntimeError(
                "the training kernels keep one evaluation: take the gradients of a loss "
                "before the next evaluation"
            )
        slopes = {"energy": energy, "forces": forces, "strain": strain}
        given = {name: value.double().contiguous() for name, value in slopes.items()}
        gradient = torch.empty(
            self.compiled.n_weights, dtype=self._student.dtype, device=self._location
        )
        self.compiled.gradients(_addresses(given | {"weights": gradient}), self._stream())
        return gradient

    @property
    def evaluations(self) -> int:
        """Number of evaluations."""
        return self._evaluations

    def _stream(self) -> int:
        if self._location.type != "cuda":
            return 0
        return int(torch.cuda.current_stream(self._location).cuda_stream)

    def _check(
        self, species: Tensor, edge_index: Tensor, frame_of_atom: Tensor, n_frames: int
    ) -> None:
        n, n_species = len(species), self._student.embedding.num_embeddings
        receivers = edge_index[0]
        good = torch.stack(
            [
                ((species >= 0) & (species < n_species)).all(),
                ((frame_of_atom >= 0) & (frame_of_atom < n_frames)).all(),
                ((edge_index >= 0) & (edge_index < n)).all(),
                (receivers[1:] >= receivers[:-1]).all(),
            ]
        )
        if bool(good.all()):
            return
        raise InputError(
            "expected pairs ordered by receivers, and indices of existing atoms, species and "
            f"frames ({n}, {n_species} and {n_frames} of them)"
        )

    def frames(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, frame_of_atom: Tensor
    ) -> dict[str, Tensor]:
        """Return the inputs of the kernels by name, with 32-bit integers."""
        student, pieces = self._student, self.compiled.pieces
        receivers, neighbours = edge_index.to(torch.int32).unbind(0)
        vectors = edge_vec.detach().double().contiguous()
        place = torch.sqrt((vectors * vectors).sum(1) + 1e-24) * (pieces / student.cutoff)
        inside = place.nan_to_num(0.0).clamp(max=pieces).floor()
        piece = torch.where(place >= pieces, float(pieces), inside).to(torch.int32)
        piece_first, piece_pairs = _sorted_by(piece, pieces)
        sent_first, sent = _sorted_by(neighbours, len(species))
        core = student.core
        names = ("charges", "inverse_length", "reach") if student.has_zbl else ()
        return {
            "species": species.to(torch.int32),
            "frames": frame_of_atom.to(torch.int32),
            "first": _begins(receivers, len(species)),
            "receivers": receivers.contiguous(),
            "neighbours": neighbours.contiguous(),
            "vectors": vectors,
            "piece": piece,
            "piece_first": piece_first,
            "piece_pairs": piece_pairs,
            "sent_first": sent_first,
            "sent": sent,
            "scale": student.scale.double(),
            "offset": (student.reference_energies + student.shift).double(),
        } | {name: getattr(core, name).double().contiguous() for name in names}


class _Evaluation(torch.autograd.Function):
    """Kernels as a node of autograd's graph, with one tensor of weights."""

    @staticmethod
    def forward(
        ctx: Any, kernels: DevicePainnKernels, frames: Any, n_frames: int, weights: Tensor
    ) -> Any:
        results = kernels.evaluate(frames, n_frames, weights)
        ctx.kernels, ctx.evaluation = kernels, kernels.evaluations
        return results

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, energy: Tensor, forces: Tensor, strain: Tensor) -> Any:
        gradient = ctx.kernels.gradients(ctx.evaluation, energy, forces, strain)
        return None, None, None, gradient


def weights_of(student: PaiNN) -> Tensor:
    """Return the weights concatenated in the order of cpp/src/device_training.hpp.

    Autograd maps their gradient back to the parameters: of filters that layers share, of the
    heads, whose mean the kernels use, and of the parameters that are not frozen.
    """
    *parameters, head_weight, head_bias = parameters_of(student)
    heads = [head_weight.mean(0), head_bias.mean().reshape(1)]
    return torch.cat([one.reshape(-1) for one in [*parameters, *heads]])


def _begins(keys: Tensor, n: int) -> Tensor:
    """Return the start of each of 0 to n among sorted keys."""
    bounds = torch.arange(n + 1, dtype=keys.dtype, device=keys.device)
    return torch.searchsorted(keys.contiguous(), bounds, out_int32=True)


def _sorted_by(keys: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return the start of each key of 0 to n, and the items sorted by key, in stable order."""
    order = torch.argsort(keys, stable=True)
    return _begins(keys[order], n), order.to(torch.int32)


def _addresses(tensors: dict[str, Tensor]) -> dict[str, int]:
    return {name: tensor.data_ptr() for name, tensor in tensors.items()}
