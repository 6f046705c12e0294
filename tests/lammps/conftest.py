"""A student, a packed box and settings of short runs."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipip.config.md import Guards, StudentMDSettings
from ipip.data.frame import Frame
from ipip.export import save_student
from ipip.lammps import PairCommands, StudentRun
from ipip.models import build_student


@pytest.fixture(scope="session")
def box() -> Frame:
    """12 atoms of Mo, S and O, far from touching, in a tilted cell in no special orientation."""
    random = np.random.default_rng(3)
    cell = np.array([[8.0, 0.0, 0.0], [1.5, 7.5, 0.0], [-1.0, 2.0, 8.5]])
    turn, _ = np.linalg.qr(random.normal(size=(3, 3)))
    fractions = np.array([[i, j, k] for i in range(3) for j in range(2) for k in range(2)])
    fractions = fractions / [3.0, 2.0, 2.0] + random.normal(0.0, 0.01, (12, 3))
    return Frame(
        numbers=np.array([8, 16, 42] * 4),
        positions=fractions @ cell @ turn,
        cell=cell @ turn,
        pbc=np.ones(3, dtype=bool),
    )


def _student(path: Path, scale: float) -> Path:
    student = build_student(
        "painn", ["Mo", "S", "O"], seed=7, channels=8, layers=2, dtype="float64"
    )
    student.set_energy_scale([-3.0, -2.0, -1.0], scale, 0.1)
    save_student(student, path)
    return path


@pytest.fixture(scope="session")
def weak_student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random student with forces far below kT/Å: a gas."""
    return _student(tmp_path_factory.mktemp("student") / "weak student.pt", 1e-3)


@pytest.fixture(scope="session")
def wild_student(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random student with forces of tens of eV/Å."""
    return _student(tmp_path_factory.mktemp("student") / "wild.pt", 30.0)


@pytest.fixture
def make_run(tmp_path: Path, box: Frame) -> Callable[..., StudentRun]:
    """Make a short run with a Lennard-Jones potential, or of a student where ``model`` is given."""

    def make(name: str = "run", *, model: Path | None = None, **changes: object) -> StudentRun:
        md: dict[str, object] = {
            "steps": 60,
            "temperature": 300.0,
            "frame_interval": 20,
            "ring_interval": 2,
            "ring_frames": 5,
            "thermo_interval": 10,
        }
        plain = {"frame": box, "guards": Guards(), "seed": 11, "min_distances": {}}
        md |= {k: v for k, v in changes.items() if k in StudentMDSettings.model_fields}
        plain |= {k: v for k, v in changes.items() if k not in StudentMDSettings.model_fields}
        if model is None:
            lines = ("pair_style lj/cut 5.0", "pair_coeff * * 0.01 2.5")
            plain = {"pair": PairCommands(lines), "symbols": ("Mo", "S", "O"), **plain}
        return StudentRun(
            model=model or Path("unused.pt"),
            md=StudentMDSettings.model_validate(md),
            folder=tmp_path / name,
            **plain,  # type: ignore[arg-type]
        )

    return make
