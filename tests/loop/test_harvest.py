"""The loop harvests as `ipip harvest` does: a reason for each frame, the student's own forces."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from ase.calculators.emt import EMT

from ipip.calculator import IpipCalculator
from ipip.lammps import RunTrajectory
from ipip.stages.harvest import HARVEST
from ipip.stages.student_md import STUDENT_MD


@pytest.fixture(scope="module")
def rows(finished_run):
    path = finished_run[1] / HARVEST.of(1) / "harvest.csv"
    with path.open() as stream:
        return {(row["run"], int(row["step"])): row for row in csv.DictReader(stream)}


@pytest.fixture(scope="module")
def trajectories(finished_run):
    folders = sorted((finished_run[1] / STUDENT_MD.of(1) / "runs").iterdir())
    return {folder.name: RunTrajectory(folder) for folder in folders}


def test_every_stored_frame_is_selected_or_has_its_reason_in_the_order_of_runs_and_steps(
    rows, trajectories
):
    stored = [(name, step) for name, one in trajectories.items() for step in one.steps()]
    assert len(trajectories) == 2 and list(rows) == stored
    assert all((row["taken"] == "True") != bool(row["reason"]) for row in rows.values())
    assert sum(row["taken"] == "True" for row in rows.values()) == 4


def test_candidates_are_ranked_by_the_student_s_forces_less_the_teacher_s(
    finished_run, rows, trajectories
):
    labelled = {key: row for key, row in rows.items() if row["force_difference"]}
    assert len(labelled) == 6
    student = IpipCalculator(finished_run[1] / "round_000" / "40_finetune" / "student.pt")
    for (name, step), row in labelled.items():
        (frame,) = trajectories[name].frames([step])
        forces = []
        for calculator in (student, EMT()):
            atoms = frame.to_atoms()
            atoms.calc = calculator
            forces.append(atoms.get_forces())
        difference = np.sqrt(((forces[0] - forces[1]) ** 2).sum(axis=1).mean())
        assert float(row["force_difference"]) == pytest.approx(difference, rel=1e-4)
