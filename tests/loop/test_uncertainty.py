"""A tiny run that goes by the student's own uncertainty, with the teacher's calls counted."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import read_frames
from ipip.decisions.active import with_largest
from ipip.evaluation.expected_errors import largest_expected_errors
from ipip.lammps import RunTrajectory
from ipip.loop.run import run_loop
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.finetune import FINETUNE
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL
from ipip.stages.reference_labels import REFERENCE_LABELS
from ipip.stages.relabel import RELABEL
from ipip.stages.student_md import STUDENT_MD
from ipip.views.pretraining_frames import open_pretraining_set

# EMT that notes a coordinate of each structure it is called on; made stiffer, it is the reference.
CALCULATORS = """
from ase.calculators.emt import EMT

class Counted(EMT):
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        with open("CALLS", "a") as file:
            file.write(f"{self.atoms.positions[1, 0]:.6f}\\n")

class Reference(EMT):
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        shift = sum({29: -3.0, 79: -5.0}[z] for z in self.atoms.numbers)
        self.results["energy"] = 1.1 * self.results["energy"] + shift
        self.results["forces"] = 1.1 * self.results["forces"]
"""


@pytest.fixture(scope="module")
def run(write_inputs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("uncertainty")
    (folder / "own.py").write_text(CALCULATORS.replace("CALLS", str(folder / "calls.txt")))
    own = {"kind": "ase", "import_folder": "."}
    config = write_inputs(
        folder,
        teacher={**own, "import_path": "own:Counted"},
        harvest={"candidates": 6, "per_run": 3, "frames": 3, "rank": "uncertainty"},
        iteration={"kept_labels": "trust", "uncertainty": "expected_error", "trust_factor": 0.3},
        active={
            "frames": 2,
            "rank": "uncertainty",
            "level": {**own, "import_path": "own:Reference"},
        },
    )
    run_loop(load_settings(config, RunSettings), folder / "run")
    return folder / "run"


@pytest.fixture(scope="module")
def manifests(run):
    return read_manifests(RunFolder(run))


@pytest.fixture(scope="module")
def student(run):
    return run / FINETUNE.of(0) / "student.pt"


@pytest.fixture(scope="module")
def rows(run):
    with (run / HARVEST.of(1) / "harvest.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_teacher_is_queried_only_on_selected_frames(run, manifests, rows):
    record = HARVEST.read(manifests, 1)
    assert record.candidates == 6 and record.labelled == record.taken == 3
    assert manifests[HARVEST.of(1)].teacher_calls == 3
    candidates = [row for row in rows if row["expected_error"]]
    assert len(candidates) == 6
    calls = set((run.parent / "calls.txt").read_text().split())
    for row in candidates:
        trajectory = RunTrajectory(run / STUDENT_MD.of(1) / "runs" / row["run"])
        (frame,) = trajectory.frames([int(row["step"])])
        is_taken = row["taken"] == "True"
        assert (f"{frame.positions[1, 0]:.6f}" in calls) == is_taken
        assert bool(row["force_difference"]) == is_taken


def test_candidates_carry_the_largest_expected_error_of_the_student(run, student, rows):
    new = read_frames(run / HARVEST.of(1) / "new.lmdb")
    expected = largest_expected_errors(student, new)
    known = {(row["run"], row["step"]): row["expected_error"] for row in rows}
    table = [float(known[frame.info["traj"], str(frame.info["md_step"])]) for frame in new]
    np.testing.assert_allclose(table, expected, rtol=1e-5)


def test_the_least_certain_new_frames_get_reference_labels(run, manifests, student):
    new = read_frames(run / HARVEST.of(1) / "new.lmdb")
    chosen = with_largest(largest_expected_errors(student, new), 2)
    labelled = read_frames(run / REFERENCE_LABELS.of(1) / "reference.xyz")
    assert [f.info["frame_id"] for f in labelled] == [new[k].info["frame_id"] for k in chosen]
    assert REFERENCE_LABELS.read(manifests, 1).labelled == 2


def test_a_kept_frame_is_trusted_to_the_student_up_to_the_error_that_it_expects(
    run, manifests, student
):
    trust = RELABEL.read(manifests, 1).trust
    valid = read_frames(run / LABEL.of(0) / "valid.xyz")
    limit = 0.3 * np.quantile(largest_expected_errors(student, valid), 0.95)
    assert trust.limit == pytest.approx(limit)
    frames = {frame.info["frame_id"]: frame for frame in open_pretraining_set(run, 0)}
    kept = [f for f in open_pretraining_set(run, 1) if f.info["frame_id"] in frames]
    expected = largest_expected_errors(student, [frames[f.info["frame_id"]] for f in kept])
    mine = [frame.info["label"] == "student 0" for frame in kept]
    assert mine == [error <= limit for error in expected]
    assert trust.student == sum(mine) and trust.teacher == len(mine) - sum(mine)
    # Nearest reference frames would trust: the kept frames expect a third or more of that quantile.
    assert mine == [False] * 9
