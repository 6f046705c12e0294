"""Runs with a bias: their dumped forces judge nothing, and harvested frames are marked."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.small_box import small_box
from tests.uncertainty.made_up import made_up

from ipip.cli.main import main
from ipip.config.md import BiasSettings, Guards, StudentMDSettings
from ipip.data import Frame, read_frames
from ipip.data.provenance import Provenance
from ipip.evaluation import open_student
from ipip.export import save_student
from ipip.harvest import min_pair_distances
from ipip.harvest.distances import Pair
from ipip.lammps import RunTrajectory, StudentRun, run_many
from ipip.models import build_student
from ipip.uncertainty import write_uncertainty


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A student with an uncertainty, and a run of it with a bias and one without."""
    folder = tmp_path_factory.mktemp("biased")
    student = build_student("painn", ["Mo", "S", "O"], seed=7, channels=8, layers=2)
    student.set_energy_scale([-3.0, -2.0, -1.0], 1e-3, 0.1)
    save_student(student, folder / "student.pt")
    write_uncertainty(folder / "student.pt", made_up(8))
    box = small_box()
    plain = StudentMDSettings(steps=100, temperature=300.0, ring_interval=20, frame_interval=20)
    biased = plain.model_copy(update={"bias": BiasSettings(energy=1.0, width=3.0)})
    jobs = [
        StudentRun(folder / "student.pt", box, md, Guards(), folder / name / "run", 1, {})
        for name, md in (("plain", plain), ("biased", biased))
    ]
    assert [verdict.state for verdict in run_many(jobs, 1)] == ["stable", "stable"]
    return folder


def harvest(folder: Path, source: Path, out: Path, *options: str) -> None:
    student = ["--student", str(folder / "student.pt"), "--quiet", "--dir", str(out)]
    assert main(["harvest", str(source), *student, *options]) == 0


def test_forces_with_a_bias_are_not_passed_off_as_the_students(folder: Path) -> None:
    student, _ = open_student(folder / "student.pt")
    for name in ("plain", "biased"):
        trajectory = RunTrajectory(folder / name / "run")
        frames = list(trajectory.frames())
        assert len(frames) > 3 and trajectory.biased == (name == "biased")
        if trajectory.biased:
            assert all(frame.forces is None for frame in frames)
            continue
        for frame, own in zip(frames, student.evaluate_frames(frames), strict=True):
            np.testing.assert_allclose(frame.forces, own.forces, atol=1e-5)


@pytest.mark.parametrize("name", ["plain", "biased"])
def test_frames_of_a_run_folder_say_whether_it_was_biased(
    folder: Path, tmp_path: Path, name: str
) -> None:
    harvest(folder, folder / name, tmp_path / "out")
    frames = read_frames(tmp_path / "out/frames.xyz", require=())
    assert len(frames) > 3
    assert {Provenance.of(frame).biased for frame in frames} == {name == "biased"}


def test_the_geometry_of_a_candidate_is_checked_once(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[bytes] = []

    def noted(frame: Frame, cutoff: float) -> dict[Pair, float]:
        checked.append(frame.positions.tobytes())
        return min_pair_distances(frame, cutoff)

    monkeypatch.setattr("ipip.harvest.bounds.min_pair_distances", noted)
    harvest(folder, folder / "plain", tmp_path / "out")
    summary = json.loads((tmp_path / "out/summary.json").read_text())
    assert len(checked) == len(set(checked)) == summary["candidates"] > 3


def test_a_dump_declared_biased_has_forces_that_are_no_failure(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dump, pushed = folder / "biased/run/trajectory.dump", []
    for line in dump.read_text().splitlines():
        words = line.split()
        if len(words) == 9 and words[0].isdigit():
            words[6] = "500.0"  # a bias on top of the student's forces
        pushed.append(" ".join(words))
    (tmp_path / "own.dump").write_text("\n".join(pushed) + "\n")
    harvest(folder, tmp_path / "own.dump", tmp_path / "plain")
    assert "(1 unstable" in capsys.readouterr().out
    harvest(folder, tmp_path / "own.dump", tmp_path / "biased", "--biased")
    assert "(0 unstable" in capsys.readouterr().out
    frames = read_frames(tmp_path / "biased/frames.xyz", require=())
    assert frames and all(Provenance.of(frame).biased for frame in frames)
