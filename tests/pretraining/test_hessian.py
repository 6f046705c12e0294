"""Rows of Hessians: the student's by automatic, the teacher's by numerical differentiation."""

import numpy as np
import pytest
import torch

from ipip.errors import IpipError
from ipip.pretraining.hessian import (
    draw_coordinates,
    hessian_loss,
    student_rows,
    teacher_rows,
)
from ipip.train import predict


def rows_in_batch(frames, coordinates):
    starts = np.cumsum([0, *(len(frame) for frame in frames)])[:-1]
    atoms = np.stack([own[:, 0] + start for own, start in zip(coordinates, starts, strict=True)])
    axes = np.stack([own[:, 1] for own in coordinates])
    return torch.from_numpy(atoms), torch.from_numpy(axes)


@pytest.mark.parametrize("architecture", ["painn", "visnet"])
def test_student_rows_equal_finite_differences_of_its_forces(
    architecture, frames, make_batch, make_student
):
    student = make_student(architecture)
    coordinates = [draw_coordinates(len(f), 3, seed=k) for k, f in enumerate(frames)]
    found = student_rows(student, make_batch(frames), *rows_in_batch(frames, coordinates))
    expected = teacher_rows(frames, coordinates, lambda asked: predict(student, asked), step=1e-5)
    flat = np.concatenate([rows.transpose(1, 0, 2) for rows in expected])
    size = np.abs(flat).max()
    np.testing.assert_allclose(found.detach().numpy(), flat, atol=1e-6 * size)


def test_all_rows_make_a_symmetric_matrix_whose_rows_sum_to_zero(frames, make_batch, make_student):
    frame = frames[1]
    n = len(frame)
    coordinates = [np.array([[i, a] for i in range(n) for a in range(3)])]
    rows = student_rows(make_student(), make_batch([frame]), *rows_in_batch([frame], coordinates))
    matrix = rows.detach().numpy().transpose(1, 0, 2).reshape(3 * n, 3 * n)
    size = np.abs(matrix).max()
    np.testing.assert_allclose(matrix, matrix.T, atol=1e-10 * size)
    shifted = matrix.reshape(3 * n, n, 3).sum(axis=1)
    np.testing.assert_allclose(shifted, 0.0, atol=1e-9 * size)


def test_the_loss_has_the_gradient_of_finite_differences_in_the_weights(
    frames, make_batch, make_student
):
    student, batch = make_student(), make_batch(frames[:2])
    coordinates = [draw_coordinates(len(f), 2, seed=k) for k, f in enumerate(frames[:2])]
    asked = rows_in_batch(frames[:2], coordinates)
    wanted = torch.zeros(len(batch.species), 2, 3, dtype=torch.float64)

    def loss():
        return hessian_loss(student_rows(student, batch, *asked), wanted)

    weight = student.updates[0].mix.weight
    (gradient,) = torch.autograd.grad(loss(), weight)
    step = 1e-5
    with torch.no_grad():
        for place in ((0, 0), (3, 2)):
            before = weight[place].item()
            weight[place] = before + step
            ahead = loss().item()
            weight[place] = before - step
            behind = loss().item()
            weight[place] = before
            slope = (ahead - behind) / (2 * step)
            assert gradient[place].item() == pytest.approx(slope, rel=1e-5)


def test_an_isolated_atom_has_rows_of_zeros(make_batch, make_student, frames):
    lone = frames[1].replace(numbers=frames[1].numbers[:1], positions=frames[1].positions[:1])
    rows = student_rows(
        make_student(), make_batch([lone]), torch.tensor([[0]]), torch.tensor([[1]])
    )
    assert rows.shape == (1, 1, 3)
    assert (rows == 0).all()


def test_coordinates_are_drawn_once_each_and_never_more_than_there_are():
    drawn = draw_coordinates(2, 10, seed=1)
    assert len({tuple(row) for row in drawn.tolist()}) == len(drawn) == 6
    assert (draw_coordinates(9, 4, seed=1) == draw_coordinates(9, 4, seed=1)).all()


def test_a_teacher_without_forces_is_refused(frames):
    coordinates = [draw_coordinates(len(frames[0]), 1, seed=0)]
    with pytest.raises(IpipError, match="no forces"):
        teacher_rows(frames[:1], coordinates, lambda asked: asked)
