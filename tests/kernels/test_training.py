"""Training kernels against double backward of the eager network."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from ipip.errors import InputError
from ipip.graph import neighbor_list
from ipip.models import Student
from ipip.models.painn import PaiNN
from ipip.network import energy_and_forces
from ipip.train.prediction.painn_kernels import PainnKernels
from tests.kernels.conftest import CUTOFF, a_liquid

VARIANTS = {
    "one layer": {"layers": 1},
    "two layers": {"layers": 2},
    "three layers": {"layers": 3, "channels": 48},
    "gaussian cosine": {"radial": "gaussian", "envelope": "cosine"},
    "shared, core, heads": {"shared_filters": True, "zbl": True, "n_heads": 3},
    "few channels": {"channels": 4, "layers": 3},
    "channels filled up": {"channels": 24, "n_heads": 2},
}

Batch = tuple[Tensor, Tensor, Tensor, Tensor, int]


def a_batch(*, n: int = 16) -> Batch:
    """A dense liquid, an isolated S2 pair, a lone atom, and atoms in close contact."""
    liquid = a_liquid(n)
    pair = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 1.9]])
    close = np.array([[0.0, 0.0, 0.0], [0.3, 0.0, 0.4], [1.4, 0.2, 0.0]])
    parts = [(liquid.species, liquid.edge_index, liquid.edge_vec)]
    for species, positions in (([1, 1], pair), ([0], pair[:1]), ([0, 2, 1], close)):
        index, vectors = neighbor_list(positions, np.zeros((3, 3)), False, CUTOFF)
        parts.append((np.array(species), index, vectors))
    starts = np.cumsum([0] + [len(species) for species, _, _ in parts[:-1]])
    frames = np.repeat(np.arange(len(parts)), [len(species) for species, _, _ in parts])
    joined = (
        np.concatenate([species for species, _, _ in parts]),
        np.concatenate([part[1] + s for part, s in zip(parts, starts, strict=True)], axis=1),
        np.concatenate([vectors for _, _, vectors in parts]),
        frames,
    )
    species, index, vectors, of_atom = (torch.as_tensor(x) for x in joined)
    return species, index, vectors, of_atom, len(parts)


def a_loss(results: Sequence[Tensor], weights: tuple[float, float, float]) -> Tensor:
    """Squared distances from random labels, on the scale of the results."""
    generator = torch.Generator().manual_seed(5)
    loss = results[0].new_zeros(())
    for value, weight in zip(results, weights, strict=True):
        scale = value.detach().abs().max()
        label = scale * torch.randn(value.shape, generator=generator, dtype=value.dtype)
        if weight:
            loss = loss + weight * ((value - label) / scale).pow(2).sum()
    return loss


def gradients(
    student: Student, results: Sequence[Tensor], weights: tuple[float, float, float]
) -> dict[str, Tensor]:
    """Gradient of the loss with respect to each parameter by its name."""
    names, parameters = zip(*student.named_parameters(), strict=True)
    found = torch.autograd.grad(a_loss(results, weights), parameters, allow_unused=True)
    return {
        name: torch.zeros_like(parameter) if gradient is None else gradient
        for name, parameter, gradient in zip(names, parameters, found, strict=True)
    }


def assert_same_gradients(
    found: dict[str, Tensor], expected: dict[str, Tensor], tolerance: float
) -> None:
    for name, value in expected.items():
        scale = float(value.abs().max())
        assert np.isfinite(scale), name
        np.testing.assert_allclose(
            found[name].numpy(), value.numpy(), rtol=0, atol=tolerance * scale, err_msg=name
        )


@pytest.mark.parametrize("variant", VARIANTS)
def test_gradients_match_double_backward(
    variant: str, make_student: Callable[..., Student]
) -> None:
    student = make_student(**({"channels": 16} | VARIANTS[variant]))
    batch, weights = a_batch(), (1.0, 1.0, 1.0)
    expected = energy_and_forces(student, *batch, create_graph=True)
    found = PainnKernels(student)(*batch, create_graph=True)
    for one, other in zip(found, expected, strict=True):
        scale = float(other.detach().abs().max())
        torch.testing.assert_close(one, other, rtol=0, atol=1e-9 * scale)
    assert_same_gradients(
        gradients(student, found, weights), gradients(student, expected, weights), 1e-9
    )


@pytest.mark.parametrize(
    "weights", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)], ids=["E", "F", "stress"]
)
def test_each_term_alone_has_its_gradient(
    weights: tuple[float, float, float], make_student: Callable[..., Student]
) -> None:
    student, batch = make_student(channels=16), a_batch()
    expected = gradients(student, energy_and_forces(student, *batch, create_graph=True), weights)
    found = gradients(student, PainnKernels(student)(*batch, create_graph=True), weights)
    assert_same_gradients(found, expected, 1e-9)


def test_atoms_without_any_pair_train_too(make_student: Callable[..., Student]) -> None:
    student, weights = make_student(channels=16), (1.0, 0.0, 0.0)
    nothing = torch.zeros((2, 0), dtype=torch.int64), torch.zeros((0, 3), dtype=torch.float64)
    lone = (torch.tensor([2, 0]), *nothing, torch.tensor([0, 1]), 2)
    found = PainnKernels(student)(*lone, create_graph=True)
    expected = energy_and_forces(student, *lone, create_graph=True)
    assert not found[1].any() and not found[2].any()
    assert_same_gradients(
        gradients(student, found, weights), gradients(student, expected, weights), 1e-9
    )


@pytest.mark.parametrize("instruction_set", ["avx512", "avx2", "neon", "generic"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_instruction_set_gives_the_gradient(
    instruction_set: str, dtype: str, make_student: Callable[..., Student]
) -> None:
    student, batch, weights = make_student(channels=80, dtype=dtype), a_batch(), (1.0, 1.0, 1.0)
    try:
        kernels = PainnKernels(student, instruction_set=instruction_set)
    except RuntimeError:
        pytest.skip(f"this processor does not run {instruction_set}")
    assert instruction_set in kernels.description
    found = gradients(student, kernels(*batch, create_graph=True), weights)
    double = make_student(channels=80)
    double.load_state_dict(student.state_dict())
    reference = energy_and_forces(double, *batch, create_graph=True)
    expected = gradients(double, reference, weights)
    assert_same_gradients(found, expected, 1e-3 if dtype == "float32" else 1e-9)


def test_a_coarse_table_still_has_its_own_exact_gradient(
    make_student: Callable[..., Student],
) -> None:
    student, batch, weights = make_student(channels=16), a_batch(), (1.0, 1.0, 1.0)
    kernels = PainnKernels(student, table_error=1e-2)
    assert "64 pieces" in kernels.description
    found = gradients(student, kernels(*batch, create_graph=True), weights)
    generator = torch.Generator().manual_seed(2)
    directions = {
        name: torch.randn(value.shape, generator=generator, dtype=value.dtype)
        for name, value in found.items()
    }
    start = {name: value.detach().clone() for name, value in student.named_parameters()}
    scales = [value.abs().max() for value in kernels(*batch)]
    labels = torch.Generator().manual_seed(5)
    targets = [
        s * torch.randn(v.shape, generator=labels, dtype=v.dtype)
        for s, v in zip(scales, kernels(*batch), strict=True)
    ]

    def loss_at(step: float) -> float:
        with torch.no_grad():
            for name, parameter in student.named_parameters():
                parameter.copy_(start[name] + step * directions[name])
        return sum(
            float(((value - target) / scale).pow(2).sum())
            for value, target, scale in zip(kernels(*batch), targets, scales, strict=True)
        )

    step = 1e-5
    numeric = (8 * (loss_at(step) - loss_at(-step)) - (loss_at(2 * step) - loss_at(-2 * step))) / (
        12 * step
    )
    along = sum(float((found[name] * directions[name]).sum()) for name in found)
    assert along == pytest.approx(numeric, rel=1e-6)


def test_frames_of_a_batch_do_not_see_each_other(make_student: Callable[..., Student]) -> None:
    student = make_student(channels=16)
    species, index, vectors, of_atom, n_frames = a_batch()
    kernels = PainnKernels(student)
    energy, forces, strain = kernels(species, index, vectors, of_atom, n_frames)
    for frame in range(n_frames):
        own = of_atom == frame
        pairs = own[index[0]]
        first = int(torch.nonzero(own)[0])
        alone = kernels(species[own], index[:, pairs] - first, vectors[pairs])
        torch.testing.assert_close(alone[0], energy[frame : frame + 1], rtol=1e-12, atol=1e-12)
        torch.testing.assert_close(alone[1], forces[own], rtol=1e-10, atol=1e-10)
        torch.testing.assert_close(alone[2][0], strain[frame], rtol=1e-10, atol=1e-10)


def test_kernels_keep_no_state_between_batches(make_student: Callable[..., Student]) -> None:
    student, weights = make_student(channels=16), (1.0, 1.0, 1.0)
    small, large = a_batch(n=4), a_batch(n=30)
    kernels = PainnKernels(student)
    first = gradients(student, kernels(*small, create_graph=True), weights)
    gradients(student, kernels(*large, create_graph=True), weights)
    again = gradients(student, kernels(*small, create_graph=True), weights)
    for name, value in first.items():
        assert torch.equal(value, again[name]), name


def test_gradients_of_an_earlier_evaluation_are_refused(
    make_student: Callable[..., Student],
) -> None:
    student, batch = make_student(channels=16), a_batch()
    kernels = PainnKernels(student)
    results = kernels(*batch, create_graph=True)
    kernels(*batch)
    with pytest.raises(RuntimeError, match="before the next evaluation"):
        gradients(student, results, (1.0, 1.0, 1.0))


def test_students_that_the_kernels_do_not_run_are_refused(
    make_student: Callable[..., Student],
) -> None:
    with pytest.raises(InputError, match="architecture is visnet, and the kernels run painn only"):
        PainnKernels(make_student("visnet", channels=16))  # type: ignore[arg-type]

    class Another(PaiNN):
        """Of the same name, with another forward."""

    with pytest.raises(InputError, match="architecture is Another, and the kernels run painn only"):
        PainnKernels(Another(["Mo"], channels=16))
    with pytest.raises(InputError, match="train on the CPU and the student is on meta"):
        PainnKernels(make_student(channels=16).to("meta"))  # type: ignore[arg-type]


def test_an_unknown_instruction_set_is_refused(make_student: Callable[..., Student]) -> None:
    with pytest.raises(RuntimeError, match=r"\"mmx\", expected auto or one that this processor"):
        PainnKernels(make_student(channels=16), instruction_set="mmx")  # type: ignore[arg-type]


def test_pairs_out_of_order_are_refused(make_student: Callable[..., Student]) -> None:
    species, index, vectors, of_atom, n_frames = a_batch()
    with pytest.raises(RuntimeError, match="expected pairs ordered by receivers"):
        PainnKernels(make_student(channels=16))(  # type: ignore[arg-type]
            species, index.flip(1), vectors.flip(0), of_atom, n_frames
        )
