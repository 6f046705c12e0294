"""Fractional noise: soft turns that keep bonds, and Gaussian noise that is to be undone."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from ipip.data import Frame
from ipip.pretraining.denoising import (
    as_force_labels,
    bridges,
    find_bonds,
    fractional_noise,
    turn_fragments,
)

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
    turned = frame.replace(positions=turn_fragments(frame, 0.6, rng))
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


def test_noise_has_the_asked_width_and_is_what_was_added_last(rng):
    frame = Frame.from_atoms(Atoms("S200", rng.uniform(0, 200, (200, 3))))
    noisy, noise = fractional_noise(frame, 0.0, 0.05, rng)
    np.testing.assert_allclose(noisy.positions - frame.positions, noise, atol=1e-12)
    assert noise.std() == pytest.approx(0.05, rel=0.1)
    assert noisy.energy is None


def test_forces_undo_the_noise_and_have_no_sum(rng):
    noisy, noise = fractional_noise(CHAIN, 0.3, 0.05, rng)
    labelled = as_force_labels(noisy, noise, stiffness=10.0, energy=-1.0)
    np.testing.assert_allclose(labelled.forces.sum(axis=0), 0.0, atol=1e-12)
    restored = noisy.positions + labelled.forces / 10.0
    np.testing.assert_allclose(
        restored - restored.mean(axis=0),
        (noisy.positions - noise) - (noisy.positions - noise).mean(axis=0),
        atol=1e-12,
    )


def test_the_same_seed_gives_the_same_noise():
    first, _ = fractional_noise(CHAIN, 0.3, 0.05, np.random.default_rng(1))
    second, _ = fractional_noise(CHAIN, 0.3, 0.05, np.random.default_rng(1))
    assert (first.positions == second.positions).all()
