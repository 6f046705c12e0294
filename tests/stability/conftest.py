"""Students that are stable and wild, and a box of 12 atoms."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipip.config.stability import StabilityProtocol
from ipip.data import Frame, write_frames
from ipip.export import save_student
from ipip.models import build_student


@pytest.fixture(scope="session")
def students(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A student with forces far below kT/Å, and one with tens of eV/Å."""
    folder = tmp_path_factory.mktemp("students")
    found = {}
    for name, scale in (("calm", 1e-3), ("wild", 30.0)):
        symbols = ["Mo", "S", "O"]
        student = build_student("painn", symbols, seed=7, channels=8, layers=2, dtype="float64")
        student.set_energy_scale([-3.0, -2.0, -1.0], scale, 0.1)
        found[name] = folder / f"{name}.pt"
        save_student(student, found[name])
    return found


@pytest.fixture
def make_protocol(tmp_path: Path) -> Callable[..., StabilityProtocol]:
    """Make a protocol of short runs."""

    def make(**changes: object) -> StabilityProtocol:
        grid = np.array([[i, j, k] for i in range(3) for j in range(2) for k in range(2)])
        frame = Frame(
            numbers=np.array([8, 16, 42] * 4),
            positions=grid * [3.0, 4.0, 4.0] + 1.0,
            cell=np.diag([9.0, 8.0, 8.0]),
            pbc=np.ones(3, dtype=bool),
        )
        write_frames(tmp_path / "box.xyz", [frame])
        md = {"steps": 40, "temperature": 300.0, "minimize_steps": 0, "ring_interval": 5}
        plain: dict[str, object] = {"system": {"file": tmp_path / "box.xyz"}, "runs": 2}
        return StabilityProtocol.model_validate({**plain, "md": md, **changes})

    return make
