"""The training kernels for GPUs, executed and checked on the host, against the CPU's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from ipip.errors import InputError
from ipip.models import Student
from ipip.train.prediction.device_kernels import DevicePainnKernels, device_refusal
from ipip.train.prediction.painn_kernels import PainnKernels
from tests.kernels.conftest import tamed
from tests.kernels.test_training import (
    a_batch,
    a_loss,
    assert_same_gradients,
    gradients,
)

MakeStudent = Callable[..., Student]
ALL = (1.0, 1.0, 1.0)
VARIANTS: dict[str, dict[str, Any]] = {
    "one layer": {"layers": 1},
    "two layers": {},
    "three layers, two chunks": {"layers": 3, "channels": 48},
    "gaussian cosine": {"radial": "gaussian", "envelope": "cosine"},
    "shared, core, heads": {"shared_filters": True, "zbl": True, "n_heads": 3},
    "few channels": {"channels": 4},
}


def emulated(student: Student, **options: Any) -> DevicePainnKernels:
    return DevicePainnKernels(student, device="emulate", **options)  # type: ignore[arg-type]


def assert_same_results(found: Any, expected: Any, tolerance: float) -> None:
    for one, other in zip(found, expected, strict=True):
        scale = float(other.detach().abs().max())
        torch.testing.assert_close(one, other, rtol=0, atol=tolerance * scale)


@pytest.mark.parametrize("variant", VARIANTS)
def test_results_and_gradients_match_the_cpu(variant: str, make_student: MakeStudent) -> None:
    student = make_student(**({"channels": 16} | VARIANTS[variant]))
    batch = a_batch(n=10)
    expected = PainnKernels(student)(*batch, create_graph=True)  # type: ignore[arg-type]
    found = emulated(student)(*batch, create_graph=True)
    assert_same_results(found, expected, 1e-10)
    assert_same_gradients(gradients(student, found, ALL), gradients(student, expected, ALL), 1e-9)


@pytest.mark.parametrize("variant", VARIANTS)
def test_single_precision_rounds_as_it_should(variant: str, make_student: MakeStudent) -> None:
    arguments = {"channels": 16} | VARIANTS[variant]
    student = tamed(make_student(**arguments, dtype="float32"))
    double = make_student(**arguments)
    double.load_state_dict(student.state_dict())
    batch = a_batch(n=10)
    expected = PainnKernels(double)(*batch, create_graph=True)  # type: ignore[arg-type]
    found = emulated(student)(*batch, create_graph=True)
    assert_same_results(found, expected, 1e-5)
    assert_same_gradients(gradients(student, found, ALL), gradients(double, expected, ALL), 1e-4)


@pytest.mark.parametrize(
    "weights", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)], ids=["E", "F", "stress"]
)
def test_each_term_alone_has_its_gradient(
    weights: tuple[float, float, float], make_student: MakeStudent
) -> None:
    student, batch = make_student(channels=16), a_batch(n=6)
    kernels = PainnKernels(student)  # type: ignore[arg-type]
    expected = gradients(student, kernels(*batch, create_graph=True), weights)
    found = gradients(student, emulated(student)(*batch, create_graph=True), weights)
    assert_same_gradients(found, expected, 1e-9)


def test_atoms_without_any_pair_train_too(make_student: MakeStudent) -> None:
    student, weights = make_student(channels=16), (1.0, 0.0, 0.0)
    nothing = torch.zeros((2, 0), dtype=torch.int64), torch.zeros((0, 3), dtype=torch.float64)
    lone = (torch.tensor([2, 0]), *nothing, torch.tensor([0, 1]), 2)
    found = emulated(student)(*lone, create_graph=True)
    expected = PainnKernels(student)(*lone, create_graph=True)  # type: ignore[arg-type]
    assert not found[1].any() and not found[2].any()
    assert_same_gradients(
        gradients(student, found, weights), gradients(student, expected, weights), 1e-9
    )


def test_nothing_depends_on_the_order_of_blocks_or_on_earlier_batches(
    make_student: MakeStudent,
) -> None:
    student = make_student(channels=16, dtype="float32")
    small, large = a_batch(n=4), a_batch(n=12)
    kernels = emulated(student)
    first = gradients(student, kernels(*small, create_graph=True), ALL)
    for _ in range(3):  # every other launch goes backwards through its blocks and threads
        gradients(student, kernels(*large, create_graph=True), ALL)
        again = gradients(student, kernels(*small, create_graph=True), ALL)
        for name, value in first.items():
            assert torch.equal(value, again[name]), name


def test_many_pairs_of_a_piece_are_added_by_slices(make_student: MakeStudent) -> None:
    student, batch = make_student(channels=16), a_batch(n=24)
    coarse = {"table_error": 1e-2}
    assert "tables of 64 pieces" in emulated(student, **coarse).description
    expected = PainnKernels(student, **coarse)(*batch, create_graph=True)  # type: ignore[arg-type]
    found = emulated(student, **coarse)(*batch, create_graph=True)
    assert_same_results(found, expected, 1e-10)
    assert_same_gradients(gradients(student, found, ALL), gradients(student, expected, ALL), 1e-9)


def test_frozen_layers_get_no_gradient(make_student: MakeStudent) -> None:
    student, batch = make_student(channels=16), a_batch(n=6)
    expected = gradients(student, PainnKernels(student)(*batch, create_graph=True), ALL)  # type: ignore[arg-type]
    student.messages[0].requires_grad_(False)
    a_loss(emulated(student)(*batch, create_graph=True), ALL).backward()  # type: ignore[no-untyped-call]
    found: dict[str, Tensor] = {}
    for name, parameter in student.named_parameters():
        frozen = name.startswith("messages.0.")
        assert (parameter.grad is None) == frozen, name
        if parameter.grad is not None:
            found[name] = parameter.grad
    assert_same_gradients(found, {name: expected[name] for name in found}, 1e-9)


def test_gradients_of_an_earlier_evaluation_are_refused(make_student: MakeStudent) -> None:
    student, batch = make_student(channels=16), a_batch(n=4)
    kernels = emulated(student)
    results = kernels(*batch, create_graph=True)
    kernels(*batch)
    with pytest.raises(RuntimeError, match="before the next evaluation"):
        gradients(student, results, ALL)


def test_students_that_the_kernels_do_not_run_are_refused(make_student: MakeStudent) -> None:
    with pytest.raises(InputError, match="architecture is visnet, and the kernels run painn only"):
        emulated(make_student("visnet", channels=16))
    assert "architecture is visnet" in device_refusal(make_student("visnet", channels=16))
    student = make_student(channels=16)
    with pytest.raises(InputError, match="the student is on cpu, but the device is cuda:0"):
        DevicePainnKernels(student, device="cuda:0")  # type: ignore[arg-type]
    species, index, vectors, of_atom, n_frames = a_batch(n=4)
    with pytest.raises(InputError, match="expected pairs ordered by receivers"):
        emulated(student)(species, index.flip(1), vectors.flip(0), of_atom, n_frames)
    with pytest.raises(InputError, match="indices of existing atoms, species and frames"):
        emulated(student)(species + 3, index, vectors, of_atom, n_frames)


def test_without_a_gpu_the_reason_is_reported(make_student: MakeStudent) -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    assert device_refusal(make_student(channels=16))
