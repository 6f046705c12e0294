"""Masking, denoising and contrast."""

import math

import torch
from tests.pretraining.conftest import cluster, crystal

from ipip.pretraining.geometry import (
    GeometryTasks,
    GeometryWeights,
    info_nce,
    with_mask,
    without_mask,
)


def test_the_mask_is_one_more_row_and_goes_away_again(frames, make_batch, make_student):
    for architecture in ("painn", "visnet"):
        student = make_student(architecture, zbl=True)
        wider = with_mask(student, seed=1)
        batch = make_batch(frames)
        arguments = (batch.species, batch.edge_index, batch.edge_vec, len(batch.species))
        torch.testing.assert_close(wider(*arguments), student(*arguments))
        back = without_mask(wider, student)
        for name, value in student.state_dict().items():
            assert torch.equal(back.state_dict()[name], value), name


def test_contrast_is_lowest_for_matching_views_and_log_n_for_none():
    generator = torch.Generator().manual_seed(1)
    views = torch.eye(6)
    assert info_nce(views, views, 0.05) < 1e-6
    noise = torch.ones(6, 4)
    assert abs(info_nce(noise, noise, 0.1).item() - math.log(6)) < 1e-5
    shuffled = views[torch.randperm(6, generator=generator)]
    assert info_nce(views, shuffled, 0.1) > 1.0


def test_the_tasks_are_learnt(make_batch, make_student):
    """After some steps every task is done better on configurations that were not trained on."""
    weights = GeometryWeights(contrast=0.3)
    student = make_student(channels=16, dtype="float32")
    student.set_energy_scale([0.0, 0.0, 0.0], 1.0, 0.0)
    wider = with_mask(student, seed=1)
    tasks = GeometryTasks(16, 3, weights, seed=2)
    train = make_batch([crystal(k) for k in range(6)] + [cluster(k) for k in range(6)])
    other = make_batch([crystal(k) for k in range(20, 26)] + [cluster(k) for k in range(20, 26)])

    def test_loss() -> float:
        return tasks.total(tasks(wider, other, torch.Generator().manual_seed(9))).item()

    before = test_loss()
    optimiser = torch.optim.Adam([*wider.parameters(), *tasks.parameters()], lr=0.005)
    generator = torch.Generator().manual_seed(3)
    for _ in range(60):
        optimiser.zero_grad()
        tasks.total(tasks(wider, train, generator)).backward()
        optimiser.step()
    assert test_loss() < 0.7 * before
