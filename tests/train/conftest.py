"""Small labelled sets: copper clusters and cells with EMT's labels."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.models import Student, build_student


@pytest.fixture(scope="session")
def copper() -> list[Frame]:
    """Forty rattled and strained cells of 4 copper or copper-gold atoms."""
    random = np.random.default_rng(5)
    frames = []
    for index in range(40):
        atoms = bulk("Cu", "fcc", a=3.7, cubic=True)
        atoms.numbers[: index % 3] = 79
        strain = np.eye(3) + 0.03 * random.normal(size=(3, 3))
        atoms.set_cell(atoms.cell.array @ (strain + strain.T) / 2, scale_atoms=True)
        atoms.positions += 0.12 * random.normal(size=(4, 3))
        atoms.calc = EMT()
        frames.append(
            Frame.from_atoms(atoms).replace(
                energy=float(atoms.get_potential_energy()),
                forces=atoms.get_forces(),
                stress=atoms.get_stress(voigt=False),
                info={"config_type": "alloy" if index % 3 else "copper"},
            )
        )
    return frames


@pytest.fixture
def student() -> Student:
    """A small student of copper and gold."""
    return build_student(
        "painn", ["Cu", "Au"], seed=3, channels=8, layers=1, cutoff=4.0, n_radial=8
    )


@pytest.fixture
def settings() -> TrainingSettings:
    """A few short epochs."""
    return TrainingSettings(
        max_epochs=5, batch_size=5, learning_rate=1e-2, warmup_steps=3, ema_decay=0.9
    )
