"""Sets of one molecule with GFN2-xTB labels, similar to MD17: MD at 300 and 600 K, and scans.

The training frames are from 300 K only (ethanol: 500 K, as in MD17). Frames at 600 K and scans of
dihedrals, far from all training frames, show how a student extrapolates. Each temperature has
several trajectories with different start velocities; tests and training share none of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from ase import Atoms, units
from ase.io import read
from ase.md.langevin import Langevin
from ase.md.velocitydistribution import MaxwellBoltzmannDistribution
from ase.neighborlist import build_neighbor_list, natural_cutoffs
from ase.optimize import LBFGS
from tblite.ase import TBLite

from ipip.data import Frame

HERE = Path(__file__).resolve().parent / "molecules"
FIRST_TRAINING_TRAJECTORY, FIRST_TEST_TRAJECTORY = 0, 100


@dataclasses.dataclass(frozen=True)
class Sampling:
    """Numbers of frames and MD steps of a set.

    Attributes:
        train, test: frames at 300 K for training and validation, frames of each test.
        trajectories: trajectories of each part, with equal numbers of frames.
        interval: MD steps between two frames.
        settle: MD steps before the first frame.
        step_fs: length of an MD step, fs.
        angles: angles of each dihedral in a scan.
        highest: energy above the minimum (eV) beyond which frames of a scan are left out.
    """

    train: int = 500
    test: int = 650
    trajectories: int = 5
    interval: int = 40
    settle: int = 2000
    step_fs: float = 0.5
    angles: int = 36
    highest: float = 3.0


@dataclasses.dataclass(frozen=True)
class Molecule:
    """A molecule and the dihedrals that its scans rotate.

    Attributes:
        name: name of the file `molecules/NAME.xyz`, a GFN2-xTB minimum.
        dihedrals: four atoms each, by index: the group at the third rotates about the second pair.
        temperatures: temperatures of the tests, K; the first is also the training's.
        times: factor on the number of training frames of the sampling.
        validation: fraction of them for validation.
    """

    name: str
    dihedrals: tuple[tuple[int, int, int, int], ...]
    temperatures: tuple[int, ...] = (300, 600)
    times: int = 1
    validation: float = 0.1

    def atoms(self) -> Atoms:
        """Return the minimum with a GFN2-xTB calculator."""
        atoms = read(HERE / f"{self.name}.xyz")
        atoms.calc = TBLite(method="GFN2-xTB", verbosity=0)
        return atoms


MOLECULES = {
    "acetylacetone": Molecule(
        "acetylacetone",
        ((10, 3, 1, 2), (10, 3, 4, 6), (3, 4, 6, 14), (2, 1, 0, 7)),
    ),
    "ethanol": Molecule(
        "ethanol", ((0, 1, 2, 3), (2, 1, 0, 6)), temperatures=(500, 900), times=2, validation=0.05
    ),
    "3bpa": Molecule("3bpa", ((2, 1, 0, 15), (3, 6, 7, 8), (6, 7, 8, 9), (7, 8, 9, 10))),
}


def make_molecule(molecule: Molecule, sampling: Sampling, seed: int) -> dict[str, list[Frame]]:
    """Return the frames of a set: `train`, `test-300K` and such, and `test-dihedrals`."""
    coldest = float(molecule.temperatures[0])
    labels = molecule.times * sampling.train
    training = _trajectories(molecule, coldest, labels, sampling, seed, FIRST_TRAINING_TRAJECTORY)
    tests = {
        f"test-{kelvin}K": _trajectories(
            molecule, float(kelvin), sampling.test, sampling, seed, FIRST_TEST_TRAJECTORY
        )
        for kelvin in molecule.temperatures
    }
    starts = training[:: max(1, len(training) // 3)][:3]
    return {"train": training, **tests, "test-dihedrals": scan(molecule, starts, sampling)}


def _trajectories(
    molecule: Molecule, kelvin: float, count: int, sampling: Sampling, seed: int, first: int
) -> list[Frame]:
    shares = np.diff(np.linspace(0, count, sampling.trajectories + 1).astype(int))
    frames: list[Frame] = []
    for number, share in enumerate(shares, first):
        draws = np.random.default_rng([seed, int(kelvin), number])
        frames += _trajectory(
            molecule, kelvin, int(share), sampling, draws, f"{kelvin:.0f}-{number}"
        )
    return frames


def _trajectory(
    molecule: Molecule,
    kelvin: float,
    count: int,
    sampling: Sampling,
    draws: np.random.Generator,
    name: str,
) -> Iterator[Frame]:
    atoms = molecule.atoms()
    MaxwellBoltzmannDistribution(atoms, temperature_K=kelvin, rng=draws)
    md = Langevin(
        atoms,
        sampling.step_fs * units.fs,
        temperature_K=kelvin,
        friction=0.01 / units.fs,
        rng=draws,
        fixcm=False,
    )
    md.run(sampling.settle)
    for _ in range(count):
        md.run(sampling.interval)
        yield _labelled(atoms, f"{kelvin:.0f} K", name)


def scan(molecule: Molecule, starts: Sequence[Frame], sampling: Sampling) -> list[Frame]:
    """Rotate each dihedral of the minimum and of some frames; leave out frames with clashes."""
    minimum = molecule.atoms()
    lowest = float(minimum.get_potential_energy())
    bonds = build_neighbor_list(
        minimum, natural_cutoffs(minimum, mult=1.1), self_interaction=False, bothways=True
    ).get_connectivity_matrix(sparse=False)
    frames = []
    for start, structure in enumerate([minimum, *(frame.to_atoms() for frame in starts)]):
        ceiling = sampling.highest
        if start:  # a frame already has thermal energy
            structure.calc = minimum.calc
            ceiling += float(structure.get_potential_energy()) - lowest
        for number, dihedral in enumerate(molecule.dihedrals):
            turns = turning(bonds, dihedral[1], dihedral[2])
            for angle in np.arange(sampling.angles) * 360.0 / sampling.angles:
                atoms = structure.copy()
                atoms.set_dihedral(*dihedral, angle, mask=turns)
                distances = atoms.get_all_distances()[np.triu_indices(len(atoms), 1)]
                if distances.min() < 0.75:
                    continue
                atoms.calc = minimum.calc
                if atoms.get_potential_energy() - lowest < ceiling:
                    frames.append(_labelled(atoms, f"dihedral {number}", f"scan-{start}-{number}"))
    return frames


def turning(bonds: np.ndarray, fixed: int, turned: int) -> list[int]:
    """Return 1 for each atom on the rotated atom's side of a bond, else 0.

    Args:
        bonds: [n, n] whether two atoms are bonded.
        fixed, turned: the atoms of the bond.
    """
    side, ahead = {turned}, [turned]
    while ahead:
        atom = ahead.pop()
        for other in np.flatnonzero(bonds[atom]).tolist():
            if other not in side and not (atom == turned and other == fixed):
                side.add(other)
                ahead.append(other)
    if fixed in side:
        raise ValueError(f"atoms {fixed} and {turned} are in a ring, in which no dihedral rotates")
    return [int(atom in side) for atom in range(len(bonds))]


def relax(molecule: Molecule) -> Atoms:
    """Return the minimum near the stored structure: how the files were made."""
    atoms = molecule.atoms()
    LBFGS(atoms, logfile=None).run(fmax=0.005, steps=500)
    return atoms


def _labelled(atoms: Atoms, kind: str, trajectory: str) -> Frame:
    return Frame.from_atoms(atoms).replace(
        energy=float(atoms.get_potential_energy()),
        forces=atoms.get_forces().copy(),
        info={"config_type": kind, "traj": trajectory},
    )
