"""The survey of a file of labels: keys, groups, temperatures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.io import write

from ipip.data.survey import survey_labels
from ipip.errors import InputError


def write_labels(path: Path, count: int, **columns: Any) -> Path:
    """Write frames of two atoms; each column is a function of the frame's index."""
    frames = []
    for index in range(count):
        atoms = Atoms("CO", [[0, 0, 0], [1.1 + 0.01 * index, 0, 0]], cell=[9, 9, 9], pbc=True)
        for key, value in columns.items():
            made = value(index)
            if made is None:
                continue
            (atoms.arrays if np.shape(made) == (2, 3) else atoms.info)[key] = made
        frames.append(atoms)
    write(path, frames, format="extxyz")
    return path


def forces(index: int) -> np.ndarray:
    return np.full((2, 3), 0.1 * index)


@pytest.mark.parametrize(
    ("columns", "energy", "force_key"),
    [
        ({"REF_energy": float, "REF_forces": forces}, "REF_energy", "REF_forces"),
        ({"dft_energy": float, "dft_force": forces}, "dft_energy", "dft_force"),
        ({"TotEnergy": float, "force": forces}, "TotEnergy", "force"),
        (
            {"energy": float, "forces": forces, "REF_energy": float, "REF_forces": forces},
            "REF_energy",
            "REF_forces",
        ),
        (  # forces of the same level as the energy
            {"dft_energy": float, "ref_forces": forces, "dft_forces": forces},
            "dft_energy",
            "dft_forces",
        ),
    ],
)
def test_usual_names_of_labels_are_known(tmp_path, columns, energy, force_key):
    survey = survey_labels(write_labels(tmp_path / "a.xyz", 8, **columns))
    assert (survey.keys.energy, survey.keys.forces) == (energy, force_key)
    assert len(survey.frames) == 8 and survey.unlabelled == 0
    assert survey.frames[3].energy == 3.0 and survey.frames[3].forces[0, 0] == 0.3
    assert survey.elements == ["C", "O"]


def test_other_possible_keys_are_listed(tmp_path):
    columns = {"energy": float, "forces": forces, "REF_energy": float, "REF_forces": forces}
    survey = survey_labels(write_labels(tmp_path / "a.xyz", 8, **columns))
    assert survey.others == {"energy": ["energy"], "forces": ["forces"]}
    asked = survey_labels(tmp_path / "a.xyz", energy="energy", forces="forces")
    assert (asked.keys.energy, asked.keys.forces) == ("energy", "forces")


def test_a_stress_of_another_level_than_the_energy_is_no_label(tmp_path):
    columns = {
        "REF_energy": float,
        "REF_forces": forces,
        "stress": lambda i: 0.01 * np.eye(3),
    }
    survey = survey_labels(write_labels(tmp_path / "a.xyz", 8, **columns))
    assert survey.keys.stress is None and survey.frames[0].stress is None
    columns["REF_virial"] = lambda i: -7.29 * np.eye(3)
    survey = survey_labels(write_labels(tmp_path / "b.xyz", 8, **columns))
    assert (survey.keys.stress, survey.keys.stress_is) == ("REF_virial", "virial")
    assert survey.frames[0].stress == pytest.approx(0.01 * np.eye(3))


def test_frames_without_labels_are_counted_and_left_out(tmp_path):
    columns = {"energy": lambda i: float(i) if i % 4 else None, "forces": forces}
    survey = survey_labels(write_labels(tmp_path / "a.xyz", 8, **columns))
    assert (len(survey.frames), survey.unlabelled) == (6, 2)


def test_a_file_without_labels_lists_what_it_has(tmp_path):
    path = write_labels(tmp_path / "a.xyz", 3, volume=float, dipole=forces)
    with pytest.raises(InputError, match=r"none looks like energy.*volume.*--energy-key"):
        survey_labels(path)
    with pytest.raises(InputError, match=r"'E0' is none of its per-frame numbers: volume"):
        survey_labels(path, energy="E0")
    with pytest.raises(InputError, match=r"none looks like forces.*dipole.*--forces-key"):
        survey_labels(path, energy="volume")


@pytest.mark.parametrize(
    ("columns", "group", "count", "candidates"),
    [
        ({"traj": lambda i: i // 3}, "traj", 4, {}),
        ({"run_id": lambda i: f"r{i // 3}"}, "run_id", 4, {}),
        ({"config_type": lambda i: f"kind {i // 3}"}, None, 0, {"config_type": 4}),
        ({"traj": lambda i: i // 3, "config_type": lambda i: f"c{i // 6}"}, "traj", 4,
         {"config_type": 2}),
        ({"traj": lambda i: 0}, None, 0, {}),  # one group cannot be split
        ({"traj": lambda i: i}, None, 0, {}),  # a number of each frame
        ({"traj": lambda i: i // 6}, None, 0, {"traj": 2}),  # too few for three parts
        ({"traj": lambda i: i // 3 if i else None}, None, 0, {}),  # not all have it
    ],
)  # fmt: skip
def test_trajectories_are_found(tmp_path, columns, group, count, candidates):
    columns |= {"energy": float, "forces": forces}
    survey = survey_labels(write_labels(tmp_path / "a.xyz", 12, **columns))
    assert (survey.keys.group, survey.groups) == (group, count)
    assert survey.group_candidates == candidates


def test_a_missing_group_key_is_refused(tmp_path):
    path = write_labels(tmp_path / "a.xyz", 4, energy=float, forces=forces, traj=int)
    assert survey_labels(path, group="traj").groups == 4
    with pytest.raises(InputError, match=r"not every frame has 'run'.*traj"):
        survey_labels(path, group="run")


def test_temperatures_are_read_where_each_frame_has_one(tmp_path):
    columns = {"energy": float, "forces": forces, "T_K": lambda i: 300 + 100 * (i % 2)}
    survey = survey_labels(write_labels(tmp_path / "a.xyz", 6, **columns))
    assert survey.temperature_key == "T_K" and survey.temperatures[:2] == [300.0, 400.0]
    columns["T_K"] = lambda i: "hot"
    survey = survey_labels(write_labels(tmp_path / "b.xyz", 6, **columns))
    assert survey.temperature_key is None and survey.temperatures == []


def test_an_archive_in_other_units_is_read_with_them(tmp_path):
    path = tmp_path / "a.npz"
    positions = np.array([[[0.0, 0, 0], [1.1, 0, 0]]] * 4)
    np.savez(path, z=[6, 8], R=positions, E=[-23.06] * 4, F=0 * positions, e_unit="kcal/mol")
    for units in (None, "kcal/mol"):  # as stated in the file, or as given
        survey = survey_labels(path, units=units)
        assert (survey.keys.energy, survey.keys.forces, survey.keys.units) == ("E", "F", units)
        assert survey.frames[0].energy == pytest.approx(-1.0, abs=1e-4)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        survey_labels(tmp_path / "none.xyz")


def test_the_labels_of_the_example_are_understood(repository):
    survey = survey_labels(repository / "examples" / "mo-s-o" / "data" / "mso_pbe_d3.xyz")
    keys = survey.keys
    assert (keys.energy, keys.forces, keys.group) == ("REF_energy", "REF_forces", "traj")
    assert (len(survey.frames), survey.groups, survey.temperature_key) == (100, 34, "T_K")
