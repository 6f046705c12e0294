"""Fractional noise: soft turns that keep bonds, and Gaussian noise that is to be undone."""

import functools

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import molecule

from ipip.config.pretraining import FradMethod
from ipip.data import Frame
from ipip.network import energy_and_forces
from ipip.network.dataset import GraphDataset
from ipip.network.graph import join_graphs
from ipip.pretraining.denoising import (
    Fragments,
    bridges,
    find_bonds,
    fractional_noise,
)
from ipip.pretraining.selfsupervision import FradObjective
from ipip.train.loss.objective import step_generator

CHAIN = Frame.from_atoms(molecule("butadiene"))


def in_a_box(frame: Frame) -> Frame:
    """The molecule across the faces of a periodic box."""
    atoms = frame.to_atoms()
    atoms.set_cell([14.0, 14.0, 14.0])
    atoms.pbc = True
    atoms.positions += [0.5, 13.5, 0.2]
    atoms.wrap()
    return Frame.from_atoms(atoms)


@pytest.mark.parametrize("frame", [CHAIN, in_a_box(CHAIN)], ids=["open", "periodic"])
def test_turns_change_shape_but_no_bond_length(frame, rng):
    bonds, before = find_bonds(frame)
    turned = frame.replace(positions=Fragments.of(frame).turned(0.6, rng))
    again, after = find_bonds(turned)
    lengths = {tuple(b): np.linalg.norm(v) for b, v in zip(bonds.tolist(), before, strict=True)}
    found = {tuple(b): np.linalg.norm(v) for b, v in zip(again.tolist(), after, strict=True)}
    for pair, length in lengths.items():
        assert found[pair] == pytest.approx(length, abs=1e-9)
    ends = [np.linalg.norm(p[0] - p[3]) for p in (frame.positions, turned.positions)]
    if not frame.pbc.any():
        assert not np.allclose(turned.positions, frame.positions)
        assert abs(ends[0] - ends[1]) < 4.0


def test_bridges_are_bonds_that_separate_and_rings_have_none():
    benzene = Frame.from_atoms(molecule("C6H6"))
    assert bridges(len(benzene), find_bonds(benzene)[0]) == []
    assert len(bridges(len(CHAIN), find_bonds(CHAIN)[0])) == 3


def test_noise_has_the_requested_width_and_is_added_last(rng):
    frame = Frame.from_atoms(Atoms("S200", rng.uniform(0, 200, (200, 3))))
    noisy, noise = fractional_noise(frame, 0.0, 0.05, rng)
    np.testing.assert_allclose(noisy.positions - frame.positions, noise, atol=1e-12)
    assert noise.std() == pytest.approx(0.05, rel=0.1)
    assert noisy.energy is None


def test_a_student_without_forces_misses_the_whole_noise(make_student):
    """The loss is 3 (n - 1)/n: three coordinates of each atom, less the rigid shift."""
    student = make_student(symbols=["C", "H"])
    with torch.no_grad():
        student.readout[2].weight.zero_()
    frames = [CHAIN, in_a_box(CHAIN)]
    objective = FradObjective(FradMethod(tau=0.1), frames)
    dataset = GraphDataset(frames, student.symbols, student.cutoff)
    dataset.extras = objective.extras
    batch = join_graphs(dataset.graphs)
    evaluate = functools.partial(energy_and_forces, student)
    losses = []
    for step in range(200):
        draws = step_generator(1, step)
        losses.append(objective.loss(student, evaluate, batch, draws)[0].item())
    n = len(CHAIN)
    error = 3 * np.std(losses) / np.sqrt(len(losses))
    assert np.mean(losses) == pytest.approx(3 * (n - 1) / n, abs=error)


def test_the_same_seed_gives_the_same_noise():
    first, _ = fractional_noise(CHAIN, 0.3, 0.05, np.random.default_rng(1))
    second, _ = fractional_noise(CHAIN, 0.3, 0.05, np.random.default_rng(1))
    assert (first.positions == second.positions).all()
