"""Energies and forces of a PaiNN in training, with compiled kernels.

A loss of them has the same gradients as with `ipip.network.energy_and_forces`, but without double
backward: docs/training-kernels.md has the equations.
"""

from __future__ import annotations

import itertools
from typing import Any

import torch
from torch import Tensor, nn

from ipip.errors import InputError
from ipip.models import ARCHITECTURES
from ipip.models.painn import NORM_EPSILON, PaiNN
from ipip.native import core as _core
from ipip.native import load_operators
from ipip.network.flat_weights import FlatWeights

load_operators()  # registers torch.classes.ipip.PainnTraining

# Error of the splines of the radial basis over their largest value and slope: below the rounding of
# the network.
TABLE_ERROR = {torch.float32: 3e-7, torch.float64: 1e-11}


def refusal(student: nn.Module) -> str:
    """Return why the kernels cannot train this student; empty if they can."""
    return _core.training_refusal(
        architecture_name(student), str(next(student.parameters()).device)
    )


def architecture_name(student: nn.Module) -> str:
    """Return the name of a student's architecture, or of its class if that is another network."""
    registered = type(student) in ARCHITECTURES.values()  # a derived class is another network
    return str(student.architecture) if registered else type(student).__name__


class PainnKernels:
    """A student's energies, forces and strain derivatives, computed by the kernels.

    Weights are read at each call. The gradient of a loss must be taken before the next call.

    Args:
        student: a PaiNN on the CPU.
        table_error: of the splines that replace the radial basis, over the largest value and
            slope; None for 3e-7 in float32 and 1e-11 in float64.
        instruction_set: `avx512`, `avx2`, `neon`, `generic`, or `auto` for the best available.
        weights: the trainable ones, as one tensor, which then receives the gradient as a whole.

    Attributes:
        compiled: the compiled class.

    Raises:
        InputError: the student is not a PaiNN.
    """

    def __init__(
        self,
        student: PaiNN,
        table_error: float | None = None,
        instruction_set: str = "auto",
        weights: FlatWeights | None = None,
    ) -> None:
        reason = refusal(student)
        if reason:
            raise InputError(f"{reason}; use ipip.network.energy_and_forces")
        basis, envelope = student.basis, student.envelope
        self._student = student
        self._flat = None if weights is None else _Flat(weights, parameters_of(student))
        self.compiled = torch.classes.ipip.PainnTraining(
            basis.gaussian,
            envelope.cosine,
            envelope.cutoff,
            basis.offsets,
            basis.widths,
            student.layers,
            student.channels,
            student.dtype == torch.float64,
            NORM_EPSILON,
            TABLE_ERROR[student.dtype] if table_error is None else table_error,
            instruction_set,
        )

    @property
    def description(self) -> str:
        """The backend in a few words."""
        return self.compiled.description()

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
        """
        student = self._student
        if frame_of_atom is None:
            frame_of_atom = torch.zeros_like(species)
        core = student.core
        arguments = (
            species,
            edge_index,
            edge_vec,
            frame_of_atom,
            n_frames,
            student.scale,
            student.reference_energies + student.shift,
            [core.charges, core.inverse_length, core.reach] if student.has_zbl else [],
        )
        flat = self._flat
        results: tuple[Tensor, Tensor, Tensor]
        if create_graph and flat is not None:
            results = _FlatEvaluation.apply(  # type: ignore[no-untyped-call]
                self.compiled, arguments, flat, flat.weights.values
            )
        elif create_graph:
            results = _Evaluation.apply(  # type: ignore[no-untyped-call]
                self.compiled, arguments, *parameters_of(student)
            )
        else:
            parameters = flat.parameters if flat else parameters_of(student)
            results = tuple(self.compiled.evaluate(parameters, *arguments))
        return results

    def add_gradients(self, energy: Tensor, forces: Tensor, strain: Tensor) -> None:
        """Add a loss's gradient to the gradient of the flat weights, without autograd.

        Args:
            energy: [n_frames] derivative of the loss by the energies of the last evaluation.
            forces: [n, 3] by its forces.
            strain: [n_frames, 3, 3] by its strain derivatives.
        """
        flat = self._flat
        assert flat is not None
        self.compiled.add_gradients(
            self.compiled.evaluations(), energy, forces, strain, flat.places, flat.weights.gradient
        )


class _Evaluation(torch.autograd.Function):
    """Kernels as a node of autograd's graph."""

    @staticmethod
    def forward(ctx: Any, kernels: Any, arguments: Any, *parameters: Tensor) -> Any:
        energy, forces, strain = kernels.evaluate(list(parameters), *arguments)
        ctx.kernels, ctx.evaluation = kernels, kernels.evaluations()
        return energy, forces, strain

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, energy: Tensor, forces: Tensor, strain: Tensor) -> Any:
        return None, None, *ctx.kernels.gradients(ctx.evaluation, energy, forces, strain)


class _Flat:
    """The places of the kernels' parameters in flat weights.

    Attributes:
        weights: the trainable ones.
        parameters: of the kernels.
        places: of the first value of each parameter in the flat weights, -1 if it is frozen;
            filters that layers share have the same place for each layer.
    """

    def __init__(self, weights: FlatWeights, parameters: list[Tensor]) -> None:
        self.weights, self.parameters = weights, parameters
        ends = itertools.accumulate((one.numel() for one in weights.parameters), initial=0)
        starts = {id(one): start for one, start in zip(weights.parameters, ends, strict=False)}
        self.places = [starts.get(id(parameter), -1) for parameter in parameters]


class _FlatEvaluation(torch.autograd.Function):
    """Kernels as a node of autograd's graph, with one tensor of weights."""

    @staticmethod
    def forward(ctx: Any, kernels: Any, arguments: Any, flat: _Flat, values: Tensor) -> Any:
        energy, forces, strain = kernels.evaluate(flat.parameters, *arguments)
        ctx.kernels, ctx.evaluation, ctx.flat = kernels, kernels.evaluations(), flat
        return energy, forces, strain

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, energy: Tensor, forces: Tensor, strain: Tensor) -> Any:
        gradient = torch.zeros_like(ctx.flat.weights.gradient)
        ctx.kernels.add_gradients(ctx.evaluation, energy, forces, strain, ctx.flat.places, gradient)
        return None, None, None, gradient


def parameters_of(student: PaiNN) -> list[Tensor]:
    """Return parameters in the order of training/weights.cpp; shared filters once per layer."""
    linears: list[Any] = []
    layers: Any = zip(student.filters, student.messages, student.updates, strict=True)
    for filters, message, update in layers:
        linears += [filters, message.context[0], message.context[2]]
        linears += [update.mix, update.context[0], update.context[2]]
    linears += [student.readout[0], student.readout[2]]
    parameters = [student.embedding.weight]
    for linear in linears:
        parameters.append(linear.weight)
        if linear.bias is not None:
            parameters.append(linear.bias)
    return parameters
