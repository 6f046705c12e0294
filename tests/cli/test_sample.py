"""`ipip sample`: surface walks from the command line."""

import json

import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.cluster import Icosahedron
from ase.io import write

from ipip.cli.main import main
from ipip.data import read_frames


@pytest.fixture
def level(tmp_path):
    path = tmp_path / "level.yaml"
    path.write_text("kind: ase\nimport_path: ase.calculators.emt:EMT\n")
    return path


def test_a_walk_writes_drawn_frames_with_labels(level, tmp_path, capsys):
    start = tmp_path / "start.xyz"
    cluster = Icosahedron("Cu", 2)[:7]
    write(start, cluster)
    out = tmp_path / "frames.xyz"
    arguments = ["sample", str(level), str(start), "--out", str(out), "--json"]
    arguments += ["--steps", "2", "--frames", "12", "--temperature", "5000"]
    assert main(arguments) == 0
    report = json.loads(capsys.readouterr().out)
    frames = read_frames(out)
    assert report["drawn"] == len(frames) == 12 < report["visited"]
    atoms = frames[5].to_atoms()
    atoms.calc = EMT()
    np.testing.assert_allclose(frames[5].forces, atoms.get_forces(), atol=1e-6)
    assert report["lowest_energy_ev"] <= min(frame.energy for frame in frames) + 1e-9
    assert main(arguments) == 0  # the seed decides
    capsys.readouterr()
    np.testing.assert_array_equal(read_frames(out)[3].positions, frames[3].positions)


def test_wrong_input_is_one_message(level, tmp_path, capsys):
    out = str(tmp_path / "out.xyz")
    assert main(["sample", str(level), "Mo3O8", "--out", out]) == 2
    assert "did you mean Mo3O9" in capsys.readouterr().err
    assert main(["sample", str(level), str(tmp_path / "absent.xyz"), "--out", out]) == 2
    assert "does not exist" in capsys.readouterr().err
