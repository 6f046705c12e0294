"""A run whose students are evaluated on the emulated device is the run on the CPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml

from ipip import save_student
from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import Frame, read_frames, write_frames
from ipip.errors import InputError
from ipip.evaluation.core import CoreStudent
from ipip.loop.run import run_loop
from ipip.loop.steps import relabel_file
from ipip.models import Student
from ipip.stages.work.labellers import label_with
from ipip.storage.json_file import read_json
from ipip.train.prediction.opened import open_in_memory
from tests.kernels.conftest import a_liquid
from tests.loop.conftest import write_run_inputs

NUMBERS = np.array([42, 16, 8])


def frames() -> list[Frame]:
    systems = [a_liquid(9), a_liquid(12)]
    return [
        Frame(
            numbers=NUMBERS[system.species],
            positions=np.asarray(system.positions),
            cell=np.asarray(system.cell),
            pbc=np.ones(3, bool),
        )
        for system in systems
    ]


def test_frames_are_labelled_on_the_device_that_is_named(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    student = make_student()
    opened = open_in_memory(student, device="emulate")
    assert isinstance(opened, CoreStudent)
    assert opened.core.backend.startswith("kernels, emulated")
    expected, _ = label_with([student], frames())
    found, _ = label_with([student], frames(), device="emulate")
    write_frames(tmp_path / "source.xyz", frames())
    save_student(student, tmp_path / "student.pt")
    relabel_file(
        [tmp_path / "student.pt"],
        tmp_path / "source.xyz",
        tmp_path / "target.xyz",
        device="emulate",
    )
    for one, other, written in zip(
        found, expected, read_frames(tmp_path / "target.xyz"), strict=True
    ):
        largest = np.abs(other.forces).max()
        np.testing.assert_allclose(one.forces, other.forces, rtol=0, atol=1e-10 * largest)
        np.testing.assert_allclose(written.forces, other.forces, rtol=0, atol=1e-6 * largest)
        assert one.energy == pytest.approx(other.energy, rel=1e-10)


@pytest.mark.slow
def test_a_round_evaluated_on_the_device_matches_the_cpu(tmp_path: Path) -> None:
    summaries = []
    for device in ("cpu", "emulate"):
        config = write_run_inputs(tmp_path / device, rounds=1, student_device=device)
        run_loop(load_settings(config, RunSettings), tmp_path / device / "run")
        summaries.append(read_json(tmp_path / device / "run" / "summary.json"))
    for one, other in zip(*(summary["rounds"] for summary in summaries), strict=True):
        for name in ("force_mae_ev_per_a", "force_rmse_ev_per_a", "energy_mae_mev_per_atom"):
            assert one["test"][name] == pytest.approx(other["test"][name], rel=1e-4)
        assert [one[name] for name in ("kept", "forgotten", "new")] == [
            other[name] for name in ("kept", "forgotten", "new")
        ]


def test_a_device_that_there_is_not_is_refused(tmp_path: Path) -> None:
    config = write_run_inputs(tmp_path, student_device="gpu")
    with pytest.raises(InputError, match="student_device"):
        load_settings(config, RunSettings)
    settings = yaml.safe_load(config.read_text()) | {"student_device": "cuda:1"}
    config.write_text(yaml.safe_dump(settings))
    assert load_settings(config, RunSettings).student_device == "cuda:1"
