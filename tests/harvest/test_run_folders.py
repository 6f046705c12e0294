"""Harvest from the folders of real student runs in LAMMPS."""

import csv
import json
import logging
import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.small_box import small_box

from ipip.cli.main import main
from ipip.config.md import Guards, StudentMDSettings
from ipip.data import read_frames
from ipip.export import save_student
from ipip.lammps import StudentRun, run_many
from ipip.models import build_student


def _student(path: Path, scale: float) -> Path:
    student = build_student("painn", ["Mo", "S", "O"], seed=7, channels=8, layers=2, n_radial=20)
    student.set_energy_scale([-3.0, -2.0, -1.0], scale, 0.1)
    save_student(student, path)
    return path


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    """A folder of a wild student's runs, which fail, and a calm one's."""
    folder = tmp_path_factory.mktemp("runs")
    box = small_box(
        info={"charge": -1, "system": "grid"}, arrays={"initial_magmoms": np.arange(12.0)}
    )
    md = StudentMDSettings(
        steps=200, temperature=300.0, minimize_steps=0, ring_interval=1, frame_interval=10
    )
    jobs = []
    for name, scale in (("wild", 0.5), ("calm", 1e-3)):
        model = _student(folder / f"{name}.pt", scale)
        jobs += [
            StudentRun(model, box, md, Guards(), folder / name / f"run_{k}", k, {}) for k in (1, 2)
        ]
    states = [verdict.state for verdict in run_many(jobs, 1)]
    assert states == ["unstable"] * 2 + ["stable"] * 2
    return folder


def test_a_folder_of_runs_is_harvested_and_its_verdicts_count(runs, tmp_path, capsys):
    out = tmp_path / "out"
    wild = ["harvest", str(runs / "wild"), "--student", str(runs / "wild.pt"), "--quiet"]
    assert main([*wild, "--frames", "5", "--dir", str(out)]) == 0
    said = capsys.readouterr().out
    assert "new frames: 5; runs: 2 (2 unstable" in said and "run_1: failed at step" in said
    taken = read_frames(out / "frames.xyz", require=())
    assert {frame.info["traj"] for frame in taken} == {"run_1", "run_2"}
    for frame in taken:  # LAMMPS has no charge: it comes from the start
        assert frame.state == {"charge": -1} and "system" not in frame.info
        assert frame.arrays["initial_magmoms"].tolist() == list(range(12))
    summary = json.loads((out / "summary.json").read_text())
    ends = {run["name"]: run["end"] for run in summary["runs"]}
    assert all(frame.info["md_step"] < ends[frame.info["traj"]] for frame in taken)
    with (out / "harvest.csv").open() as table:
        assert all(row["taken"] == "True" or row["reason"] for row in csv.DictReader(table))
    assert main([*wild, "--dir", str(out)]) == 0  # resumes, selects nothing twice
    again = read_frames(out / "frames.xyz", require=())
    keys = [(frame.info["traj"], frame.info["md_step"]) for frame in again]
    assert len(set(keys)) == len(keys) >= 5


def test_folders_without_runs_or_with_several_students_are_reported(runs, tmp_path, capsys, caplog):
    student = ["--student", str(runs / "wild.pt"), "--dir", str(tmp_path / "out"), "--quiet"]
    assert main(["harvest", str(runs), *student]) == 2
    assert "holds runs of 2 students; give the folder of one" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["harvest", str(tmp_path / "empty"), *student]) == 2
    assert "holds no run of a student; give a dump" in capsys.readouterr().err
    with caplog.at_level(logging.WARNING):
        assert main(["harvest", str(runs / "calm"), *student]) == 0
    assert "its runs are of another student" in caplog.text
    unfinished = tmp_path / "some" / "run_9"
    unfinished.mkdir(parents=True)
    (unfinished / "run.json").write_text((runs / "calm" / "run_1" / "run.json").read_text())
    assert main(["harvest", str(tmp_path / "some"), *student]) == 2
    assert "the run has not ended" in capsys.readouterr().err


def test_a_run_without_its_record_is_reported_and_not_left_out(runs, tmp_path, capsys):
    shutil.copytree(runs / "wild", tmp_path / "wild")
    (tmp_path / "wild/run_2/run.json").unlink()
    command = ["harvest", str(tmp_path / "wild"), "--student", str(runs / "wild.pt"), "--quiet"]
    assert main([*command, "--dir", str(tmp_path / "out")]) == 2
    assert "wild/run_2: run.json, which describes the run, is missing" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
