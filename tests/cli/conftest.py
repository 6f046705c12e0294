"""Settings and data for the command line: two elements, a teacher of ASE."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from ipip.data import Frame, write_frames


def labelled_frames(count: int = 8) -> list[Frame]:
    """Pairs of argon in a box, with a made-up but smooth label."""
    frames = []
    for index in range(count):
        distance = 3.4 + 0.1 * index
        pull = 0.01 * (distance - 3.8)
        frames.append(
            Frame(
                numbers=np.array([18, 18]),
                positions=np.array([[1.0, 1.0, 1.0], [1.0 + distance, 1.0, 1.0]]),
                cell=12.0 * np.eye(3),
                pbc=np.ones(3, bool),
                energy=-0.02 + 0.005 * (distance - 3.8) ** 2,
                forces=np.array([[pull, 0.0, 0.0], [-pull, 0.0, 0.0]]),
                info={"traj": index},
            )
        )
    return frames


def write_inputs(folder: Path, **changes: object) -> Path:
    """Write settings that are right and their data into a folder; return the settings file."""
    frames = labelled_frames()
    write_frames(folder / "reference.xyz", frames)
    write_frames(folder / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    md = {"temperature": 30.0, "steps": 4, "frame_interval": 2}
    settings = {
        "rounds": 1,
        "elements": ["Ar"],
        "teacher": {
            "kind": "ase",
            "import_path": "ase.calculators.lj:LennardJones",
            "arguments": {"sigma": 3.4, "epsilon": 0.01},
        },
        "reference": {"data": [{"path": "reference.xyz"}], "split": {"valid": 2, "test": 2}},
        "systems": [{"name": "pair", "file": "start.xyz"}],
        "teacher_md": md,
        "student_md": md,
    }
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(settings | changes, sort_keys=False))
    return path


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A settings file that is right, with its data beside it."""
    return write_inputs(tmp_path)


@pytest.fixture
def edit(config: Path) -> Callable[[str, str], None]:
    """Replace a text in the settings file."""

    def replace(old: str, new: str) -> None:
        text = config.read_text()
        assert old in text
        config.write_text(text.replace(old, new, 1))

    return replace
