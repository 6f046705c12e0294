"""Surface walks on a real cluster with a fast potential, and the Boltzmann draw."""

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import bulk
from ase.calculators.lj import LennardJones

from ipip.errors import InputError, IpipError
from ipip.systems.bias import BiasedCalculator
from ipip.systems.walking import boltzmann_draw, walk

# All minima of seven Lennard-Jones atoms, in units of the well depth.
LJ7 = np.array([-16.505384, -15.935043, -15.593211, -15.533060])
DEPTH, SIGMA = 0.2, 2.2  # eV, Å


@pytest.fixture
def potential() -> LennardJones:
    return LennardJones(epsilon=DEPTH, sigma=SIGMA, rc=1e3, smooth=False)


@pytest.fixture
def octahedron_and_cap() -> Atoms:
    """Argon-like atoms in the second lowest minimum's valley: a capped octahedron."""
    corners = [[1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, 0, 1], [0, 0, -1], [1.2, 1.2, 1.2]]
    return Atoms("Cu7", positions=1.75 * np.array(corners, dtype=float))


def test_a_walk_finds_the_minima_of_seven_lennard_jones_atoms(potential, octahedron_and_cap):
    found = walk(octahedron_and_cap, potential, steps=25, temperature=4000.0, seed=2, fmax=1e-3)
    minima = np.array([frame.energy for frame in found.minima]) / DEPTH
    nearest = np.abs(minima[:, None] - LJ7).min(axis=1)
    assert nearest.max() < 1e-3  # each is one of the four that exist
    seen = {int(np.abs(LJ7 - energy).argmin()) for energy in minima}
    assert 0 in seen and len(seen) >= 3
    kinds = {frame.info["walk_kind"] for frame in found.visited}
    assert kinds == {"climb", "fall", "minimum"}
    for frame in found.visited[:: len(found.visited) // 10]:
        atoms = frame.to_atoms()
        atoms.calc = LennardJones(epsilon=DEPTH, sigma=SIGMA, rc=1e3, smooth=False)
        assert frame.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-9)
        np.testing.assert_allclose(frame.forces, atoms.get_forces(), atol=1e-9)
    climbs = [f.energy for f in found.visited if f.info["walk_kind"] == "climb"]
    assert max(climbs) > DEPTH * LJ7[3]  # over barriers, not only in minima


def test_a_walk_is_decided_by_its_seed(potential, octahedron_and_cap):
    ends = [
        walk(octahedron_and_cap, potential, steps=2, temperature=4000.0, seed=seed).visited[-1]
        for seed in (1, 1, 2)
    ]
    np.testing.assert_array_equal(ends[0].positions, ends[1].positions)
    assert not np.allclose(ends[0].positions, ends[2].positions)


def test_what_cannot_be_walked_is_refused(potential):
    with pytest.raises(InputError, match="periodic: use MD"):
        walk(bulk("Cu"), potential, steps=1, temperature=300.0, seed=1)
    with pytest.raises(InputError, match="two atoms or more"):
        walk(Atoms("Cu"), potential, steps=1, temperature=300.0, seed=1)
    apart = Atoms("Cu2", positions=[[0, 0, 0], [0, 0, 9.0]])
    with pytest.raises(IpipError, match="falls apart"):
        walk(apart, potential, steps=1, temperature=300.0, seed=1)


def test_biased_forces_are_the_gradient_of_the_biased_energy(potential, octahedron_and_cap):
    atoms = octahedron_and_cap
    biased = BiasedCalculator(potential)
    direction = np.random.default_rng(1).normal(size=(7, 3))
    direction /= np.sqrt((direction**2).sum())
    biased.add(atoms.positions - 0.2 * direction, direction, 0.7, 0.4)
    atoms.calc = biased
    forces = atoms.get_forces()
    step = 1e-5
    energies = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.positions[3, 1] += sign * step
        moved.calc = biased
        energies.append(moved.get_potential_energy())
    slope = -(energies[0] - energies[1]) / (2 * step)
    assert forces[3, 1] == pytest.approx(slope, abs=1e-6)


def test_draws_follow_boltzmanns_weights():
    temperature = 1000.0
    gap = units.kB * temperature * np.log(3.0)  # the upper level is a third as likely
    draws = [boltzmann_draw([0.0, gap], temperature, 1, seed)[0] for seed in range(2000)]
    assert np.mean(draws) == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 2000))
    assert boltzmann_draw([0.0, 1.0, 2.0], 300.0, 5, seed=1) == [0, 1, 2]
    assert boltzmann_draw([3.0, 0.0, 3.0], 300.0, 1, seed=1) == [1]
    chosen = boltzmann_draw(list(np.linspace(0, 1, 50)), 5000.0, 20, seed=3)
    assert len(set(chosen)) == 20 and chosen == boltzmann_draw(
        list(np.linspace(0, 1, 50)), 5000.0, 20, seed=3
    )


def test_a_walk_keeps_the_charge_of_its_start(potential, octahedron_and_cap):
    charges = set()

    class Watched(LennardJones):
        def calculate(self, atoms=None, *arguments, **keywords):
            charges.add(atoms.info.get("charge"))
            super().calculate(atoms, *arguments, **keywords)

    octahedron_and_cap.info.update(charge=1, note="a")
    watched = Watched(epsilon=DEPTH, sigma=SIGMA, rc=1e3, smooth=False)
    found = walk(octahedron_and_cap, watched, steps=1, temperature=4000.0, seed=2)
    assert charges == {1}
    assert all(frame.state == {"charge": 1} for frame in found.visited)
    assert "note" not in found.visited[0].info
