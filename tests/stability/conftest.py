"""Students that are stable and wild, and a box of 12 atoms."""

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.small_box import small_box

from ipip.config.stability import StabilityProtocol
from ipip.data import write_frames
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
        frame = small_box()
        write_frames(tmp_path / "box.xyz", [frame])
        md = {"steps": 40, "temperature": 300.0, "minimize_steps": 0, "ring_interval": 5}
        plain: dict[str, object] = {"system": {"file": tmp_path / "box.xyz"}, "runs": 2}
        return StabilityProtocol.model_validate({**plain, "md": md, **changes})

    return make
