"""Python's calculator, batches of frames and the loop's MD on the emulated device."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk, molecule

from ipip import IpipCalculator, predict, save_student
from ipip.config.md import StudentMDSettings
from ipip.data.frame import Frame
from ipip.evaluation import core
from ipip.evaluation.students import open_student
from ipip.lammps.check import check_deck
from ipip.lammps.deck import student_pair
from ipip.models import Student


@pytest.fixture
def model(make_student: Callable[..., Student], tmp_path: Path) -> Path:
    path = tmp_path / "student.pt"
    save_student(make_student(zbl=True), path)
    return path


def frames() -> list[Frame]:
    metal = bulk("Mo", cubic=True)
    metal.rattle(0.1, seed=1)
    surface = bulk("Mo", cubic=True) * (2, 1, 1)
    surface.rattle(0.1, seed=2)
    surface.numbers[1] = 8
    return [Frame.from_atoms(atoms) for atoms in (metal, molecule("SO2"), surface)]


def test_the_calculator_matches_the_cpu(model: Path) -> None:
    atoms = bulk("Mo", cubic=True)
    atoms.rattle(0.1, seed=1)
    results = []
    for device in ("cpu", "emulate"):
        atoms.calc = IpipCalculator(model, device=device)
        atoms.get_forces()
        atoms.positions[0, 0] += 0.05  # within the skin
        atoms.get_forces()
        results.append(atoms.calc.results)
        atoms.positions[0, 0] -= 0.05
    assert atoms.calc.description.startswith("kernels, emulated")
    for name, value in results[0].items():
        np.testing.assert_allclose(results[1][name], value, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_frames_in_batches_match_the_cpu(
    model: Path, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(core, "ATOMS_AT_ONCE", at_once)
    students = [open_student(model, device=device)[0] for device in ("cpu", "emulate")]
    expected, found = (student.evaluate_frames(frames()) for student in students)
    assert len(found) == len(expected) == 3
    for one, other in zip(found, expected, strict=True):
        for name in ("energies", "forces", "strain"):
            np.testing.assert_allclose(
                getattr(one, name), getattr(other, name), rtol=1e-10, atol=1e-10
            )
    expected_rows, rows = (student.describe_frames(frames()) for student in students)
    for one_rows, other_rows in zip(rows, expected_rows, strict=True):
        np.testing.assert_allclose(one_rows, other_rows, rtol=1e-9, atol=1e-10)
    assert students[1].evaluate_frames([]) == []


def test_predictions_say_which_frame_is_wrong_on_a_device_too(model: Path) -> None:
    atoms = [frame.to_atoms() for frame in frames()]
    done = predict(model, atoms, device="emulate")
    assert [len(one.energies) for one in done] == [2, 3, 4]
    atoms[1].positions[0] = atoms[1].positions[1]
    with pytest.raises(Exception, match="frame 1: atoms 0 and 1 are at the same place"):
        predict(model, atoms, device="emulate")


def test_the_loops_md_runs_on_the_device_that_its_settings_name(model: Path) -> None:
    md = StudentMDSettings(steps=4, device="emulate")
    assert md.own_parts() == "device emulate"
    pair = student_pair(model, ["Mo", "S", "O"], md.pair_options, md.device)
    assert pair.lines[0] == "pair_style ipip device emulate"
    check_deck(md, ["Mo", "S", "O"], student=model)
