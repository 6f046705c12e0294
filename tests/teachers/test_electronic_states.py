"""Charge, spin, moments and fields of a frame reach the calculator of a teacher, on every way."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from ase import Atoms
from ase.build import molecule

from ipip.config.cp2k import Cp2kSettings
from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.teacher_program.cp2k_level import render_input
from ipip.teachers import FrameError, MDJob, Teacher, TeacherCalculator, label_frames
from ipip.teachers.specification import cp2k_values

# Its energy is a number that shows what it read from a structure.
STATEFUL = """
import numpy as np
from ase.calculators.calculator import Calculator, all_changes

class Stateful(Calculator):
    implemented_properties = ["energy", "forces"]

    def calculate(self, atoms=None, properties=None, system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        info = atoms.info
        energy = 10.0 * info.get("charge", 0) + 1000.0 * info.get("spin", 0)
        energy += 0.1 * float(atoms.get_initial_magnetic_moments().sum())
        energy += 0.01 * float(atoms.get_tags().sum())
        energy += float(np.sum(info.get("external_field", [0.0])))
        self.results = {"energy": energy, "forces": np.zeros((len(atoms), 3))}
"""


@pytest.fixture
def level(tmp_path: Path) -> TeacherSettings:
    (tmp_path / "stateful.py").write_text(STATEFUL)
    return TeacherSettings(kind="ase", import_path="stateful:Stateful", import_folder=tmp_path)


def argon(**info: object) -> Frame:
    return Frame.from_atoms(Atoms("Ar2", [[0, 0, 0], [3.8, 0, 0]], info=dict(info)))


def test_one_geometry_in_several_states_has_several_labels_and_cached_ones(
    level: TeacherSettings, tmp_path: Path
) -> None:
    magnetic = argon().to_atoms()
    magnetic.set_initial_magnetic_moments([2.0, 0.0])
    tagged = argon().to_atoms()
    tagged.set_tags([1, 2])
    frames = [
        argon(),
        argon(charge=-1, traj="a"),
        argon(charge=0),
        argon(total_charge=-1),  # the calculator reads `charge`
        argon(multiplicity=3),  # and for `spin`
        Frame.from_atoms(magnetic),
        Frame.from_atoms(tagged),
        argon(external_field=[0.0, 0.0, 0.5]),
    ]
    expected = [0.0, -10.0, 0.0, -10.0, 3000.0, 3000.2, 0.03, 0.5]
    store = tmp_path / "labels.jsonl"
    found = label_frames(frames, level, store, tmp_path)
    assert [frame.energy for frame in found.frames] == pytest.approx(expected)
    assert found.computed == len(frames) and found.frames[1].info == {"charge": -1, "traj": "a"}
    again = label_frames(frames[::-1], level, store, tmp_path)
    assert again.computed == 0
    assert [frame.energy for frame in again.frames] == pytest.approx(expected[::-1])


def test_the_teachers_md_keeps_the_charge_of_its_start(
    level: TeacherSettings, tmp_path: Path
) -> None:
    md = TeacherMDSettings(steps=4, temperature=50.0, timestep=1.0, frame_interval=2, relax_steps=0)
    with Teacher(level, tmp_path) as teacher:
        (run,) = teacher.run_md([MDJob("ion", argon(charge=1, system="Ar2"), seed=1)], md)
    assert [frame.energy for frame in run.frames] == [10.0, 10.0]
    assert all(frame.state == {"charge": 1} for frame in run.frames)


def test_an_algorithm_of_ase_gets_another_label_for_another_charge(
    level: TeacherSettings, tmp_path: Path
) -> None:
    atoms = argon(charge=-1).to_atoms()
    with Teacher(level, tmp_path) as teacher:
        atoms.calc = TeacherCalculator(teacher)
        assert atoms.get_potential_energy() == -10.0
        atoms.info["charge"] = 2
        assert atoms.get_potential_energy() == 20.0
        atoms.set_initial_magnetic_moments([1.0, 0.0])
        assert atoms.get_potential_energy() == pytest.approx(2020.1)


@pytest.mark.skipif(importlib.util.find_spec("tblite") is None, reason="tblite is not installed")
def test_xtb_is_given_charge_and_multiplicity_of_each_frame(tmp_path: Path) -> None:
    from tblite.ase import TBLite

    hydroxyl = molecule("OH")
    hydroxyl.set_initial_magnetic_moments(None)
    states = [(-1, 1), (-1, 3), (1, 1), (0, 2)]
    frames, expected = [], []
    for charge, multiplicity in states:
        atoms = hydroxyl.copy()
        atoms.info.update(charge=charge, spin=multiplicity)
        frames.append(Frame.from_atoms(atoms))
        atoms.calc = TBLite(
            method="GFN2-xTB", charge=charge, multiplicity=multiplicity, verbosity=0
        )
        expected.append(atoms.get_potential_energy())
    assert len({round(energy, 3) for energy in expected}) == 4
    settings = TeacherSettings(kind="tblite")
    with Teacher(settings, tmp_path) as teacher:
        found = teacher.label(frames)
        assert [frame.energy for frame in found] == pytest.approx(expected, abs=1e-6)
        with pytest.raises(FrameError, match=r"2S\+1 of 2 is impossible with 10 electrons"):
            teacher.label([frames[0].replace(info={"charge": -1, "spin": 2})])
    fixed = settings.model_copy(update={"arguments": {"charge": 1}})
    with Teacher(fixed, tmp_path) as teacher:
        (alone,) = teacher.label([Frame.from_atoms(hydroxyl)])
        assert alone.energy == pytest.approx(expected[2], abs=1e-6)
        with pytest.raises(FrameError, match="charge -1, but the level's arguments say charge 1"):
            teacher.label(frames[:1])


def test_a_teacher_without_charges_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    teacher = Teacher(TeacherSettings(kind="sevennet"), tmp_path)
    frames = [argon(charge=0, spin=1), argon(charge=-1), argon()]
    for _ in range(2):
        teacher._warn_of_states(frames)
    (told,) = caplog.messages
    assert told.startswith("1 of 3 frames have charge -1; sevennet ignores charge and spin")


def test_the_input_of_cp2k_has_charge_and_multiplicity() -> None:
    values = cp2k_values(Cp2kSettings(level="smoothed"))
    structure = argon().to_atoms()
    kinds = [("Ar", "basis", "potential")]
    plain = render_input(values, structure, kinds)
    assert not any(word in plain for word in ("CHARGE", "UKS", "MULTIPLICITY", "MAGNETIC"))
    text = render_input(values, structure, kinds, charge=-1, multiplicity=2)
    dft = text[text.index("&DFT") : text.index("&MGRID")].split()
    assert dft == ["&DFT", "CHARGE", "-1", "UKS", "MULTIPLICITY", "2"]
    smear = text[text.index("&SMEAR") : text.index("&END SMEAR")]
    assert "FIXED_MAGNETIC_MOMENT 1" in smear  # or the smearing would find another spin
