"""The shipped studies: every file is sound, and the commands that write their labels work."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import ase.io
import numpy as np
import pytest
from ase import Atoms

from ipip.cli.main import main
from ipip.config.data import DataKeys
from ipip.config.load import load_settings
from ipip.config.stability import StabilityProtocol
from ipip.config.study import StudySettings
from ipip.data import read_files, read_frames, write_frames

Example = Callable[[str, str], ModuleType]


@pytest.mark.parametrize("name", ["study", "evidence", "evidence-ablations"])
def test_the_studies_of_mo_s_o_have_sound_settings(
    name: str, repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = repository / "examples" / "mo-s-o" / f"{name}.yaml"
    assert main(["study", str(path), "--plan"]) == 0
    assert "one-shot" in capsys.readouterr().out
    for protocol in load_settings(path, StudySettings).protocols:
        assert load_settings(protocol.file, StabilityProtocol).runs == 20


def test_the_loop_never_sees_the_hot_frames(repository: Path) -> None:
    path = repository / "examples" / "mo-s-o" / "evidence.yaml"
    (hot,) = load_settings(path, StudySettings).test_sets
    assert len(read_files(hot.data)) == 42
    assert min(float(frame.info["T_K"]) for frame in read_files(hot.data)) == 2000


def mos2_frames(path: Path) -> None:
    """Two runs of 51 frames of one MoS2 unit, under the names and keys of the set."""
    rng = np.random.default_rng(1)
    unit = [[0.0, 0, 3], [1.6, 0.9, 4.6], [1.6, 0.9, 1.4]]
    frames = []
    for index in range(102):
        atoms = Atoms("MoS2", unit, cell=[3.2, 5.5, 12.0], pbc=True)
        atoms.positions += 0.02 * rng.normal(size=(3, 3))
        atoms.info = {
            "Config_type": f"POSCAR_{index % 51}_SCF",
            "Energy": -20 + rng.normal(),
            "Virial": np.eye(3).ravel(),
        }
        atoms.arrays["force"] = rng.normal(size=(3, 3))
        frames.append(atoms)
    ase.io.write(path, frames, format="extxyz")


def test_the_mos2_study_keeps_the_runs_apart(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mos2_frames(tmp_path / "frames.xyz")
    command = example("mos2", "study_files")
    out = tmp_path / "study"
    assert command.main([str(tmp_path / "frames.xyz"), "--dir", str(out)]) == 0
    known, other = read_frames(out / "known.xyz"), read_frames(out / "other.xyz")
    assert len(known) == len(other) == 51
    start = read_frames(out / "start_1.xyz", require=())[0]
    np.testing.assert_allclose(start.positions, known[15].positions, atol=1e-8)
    assert main(["study", str(out / "study.yaml"), "--plan"]) == 0
    assert "one-shot-50-l3i5" in capsys.readouterr().out


def test_the_study_of_expected_errors_plans_arms_of_equal_steps(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    here = repository / "examples" / "mo-s-o"
    for name in ("uncertainty-study.yaml", "uncertainty-run.yaml"):
        shutil.copyfile(here / name, tmp_path / name)
    keys = DataKeys(energy="REF_energy", forces="REF_forces")
    write_frames(tmp_path / "known.xyz", read_frames(here / "data" / "mso_pbe_d3.xyz", keys))
    assert main(["study", str(tmp_path / "uncertainty-study.yaml"), "--plan"]) == 0
    said = capsys.readouterr().out
    assert "The judged student of each arm sees 1000 optimiser steps" in " ".join(said.split())
    settings = load_settings(tmp_path / "uncertainty-study.yaml", StudySettings)
    assert settings.baselines["active-uncertainty-20"] == "active-random-20"
    assert settings.baselines["biased"] == "cool"


@pytest.mark.slow
@pytest.mark.skipif(
    find_spec("tblite") is None or find_spec("sevenn") is None, reason="needs tblite and sevenn"
)
def test_the_other_truth_labels_known_and_new_frames(
    example: Example, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    truth = example("mo-s-o", "xtb_truth")
    monkeypatch.setattr(truth, "MD", {**truth.MD, "steps": 4})
    monkeypatch.setattr(truth, "SKIP", 4)
    small = (truth.Exploration({"MoO3": 1, "S2": 1}, 8.0, 1200.0, frame_interval=4),)
    for name in ("WARM", "DENSE"):
        monkeypatch.setattr(truth, name, small)
    monkeypatch.setattr(truth, "run_systems", lambda: small)
    frames = read_frames(truth.HERE / "data" / "mso_pbe_d3.xyz", require=())
    few = [frame for frame in frames if len(frame) < 11][:2]
    monkeypatch.setattr(truth, "read_frames", lambda *_, **__: few)
    assert truth.main(["--dir", str(tmp_path), "--workers", "1", "--plenty"]) == 0
    warm = read_frames(tmp_path / "warm.xyz")
    assert len(warm) == 2 and all(len(frame) == 6 for frame in warm)
    known = read_frames(tmp_path / "known.xyz")
    assert known[0].energy != few[0].energy and "T_K" in known[0].info
    settings = load_settings(tmp_path / "study.yaml", StudySettings)
    assert [test_set.name for test_set in settings.test_sets] == ["warm", "dense"]
    plenty = load_settings(tmp_path / "plenty-study.yaml", StudySettings)
    assert len(read_frames(tmp_path / "plenty.xyz")) == 2 and len(plenty.arms) == 20


def test_the_plentiful_labels_are_of_the_systems_that_the_run_explores(example: Example) -> None:
    truth = example("mo-s-o", "xtb_truth")
    systems = truth.run_systems()
    a_run = (truth.MD["steps"] - truth.SKIP) // systems[0].frame_interval + 1
    assert sum(system.runs * a_run for system in systems) == 2835
    assert {system.temperature for system in systems} == {1200.0, 1800.0, 2500.0}
