"""Charge, spin, moments and fields: they stay with a frame and distinguish it from others."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from ipip.config.data import Bounds
from ipip.data import Frame, frames_digest, read_frames, write_frames
from ipip.data.electronic_state import calculator_info, charge_of, multiplicity_of
from ipip.data.frame_filter import filter_frames
from ipip.data.mixed_states import describe_mixed_states
from ipip.errors import InputError


def hydroxide(**info: object) -> Frame:
    atoms = Atoms("OH", [[0, 0, 0], [0.97, 0, 0]], info=dict(info))
    return Frame.from_atoms(atoms).replace(energy=-1.0, forces=np.zeros((2, 3)))


def with_arrays(**arrays: np.ndarray) -> Frame:
    atoms = hydroxide().to_atoms()
    for name, values in arrays.items():
        atoms.set_array(name, values)
    return Frame.from_atoms(atoms)


@pytest.fixture
def states() -> list[Frame]:
    """Frames of one geometry and labels, each in a different state."""
    return [
        hydroxide(),
        hydroxide(charge=-1),
        hydroxide(charge=0),
        hydroxide(charge=0, multiplicity=2),
        hydroxide(total_charge=-1, total_spin=3),
        hydroxide(external_field=[0.0, 0.0, 0.1]),
        with_arrays(initial_charges=np.array([-1.0, 0.0])),
        with_arrays(initial_magmoms=np.array([1.0, 0.0])),
        with_arrays(initial_magmoms=np.array([[0, 0, 1.0], [0, 0.5, 0]])),
        with_arrays(tags=np.array([1, 2])),
    ]


@pytest.mark.parametrize("name", ["a.xyz", "a.db", "a.lmdb"])
def test_states_survive_every_kind_of_file(name: str, states: list[Frame], tmp_path: Path) -> None:
    write_frames(tmp_path / name, states)
    back = read_frames(tmp_path / name)
    assert [frame.state for frame in back] == [frame.state for frame in states]
    for old, new in zip(states, back, strict=True):
        assert old.arrays.keys() == new.arrays.keys()
        for key, values in old.arrays.items():
            assert np.array_equal(new.arrays[key], values)
    assert frames_digest(back) == frames_digest(states)


def test_frames_of_one_geometry_and_several_states_have_several_digests(
    states: list[Frame],
) -> None:
    assert len({frames_digest([frame]) for frame in states}) == len(states)
    assert frames_digest([hydroxide(traj="a")]) == frames_digest([hydroxide()])


def test_a_state_stays_where_the_rest_of_the_info_is_replaced() -> None:
    frame = hydroxide(charge=-1, traj="a").replace(info={"frame_id": "x"})
    assert frame.info == {"charge": -1, "frame_id": "x"}
    assert frame.replace(info={"charge": 0}).info == {"charge": 0}


def test_charge_and_multiplicity_are_found_under_their_names() -> None:
    arrays = {"initial_charges": np.array([-1.0, 0.25]), "initial_magmoms": np.array([3.0, -1.0])}
    assert charge_of({}, {}) is None and multiplicity_of({}, {}) is None
    assert charge_of({}, arrays) == -0.75 and multiplicity_of({}, arrays) == 3
    assert charge_of({"Total_Charge": 2}, arrays) == 2.0
    assert multiplicity_of({"uhf": 1}, arrays) == 2
    assert multiplicity_of({"spin": 2}, {}) == 2
    assert multiplicity_of({"spin": 1, "multiplicity": 3}, {}) == 3  # S = 1, by another convention
    assert calculator_info({"charge": -1.0, "uhf": 1, "traj": "a"}, {}) == {
        "charge": -1.0,
        "total_charge": -1,
        "uhf": 1,
        "multiplicity": 2,
        "spin": 2,
        "total_spin": 2,
    }
    assert calculator_info({"spin": 0.5}, {}) == {"spin": 0.5}


def test_states_that_contradict_themselves_are_refused_where_they_are_read(
    tmp_path: Path,
) -> None:
    write_frames(tmp_path / "a.xyz", [hydroxide(), hydroxide(charge=-1, total_charge=0)])
    with pytest.raises(InputError, match=r"a.xyz, frame 1: .*charge=-1, total_charge=0, which"):
        read_frames(tmp_path / "a.xyz")
    with pytest.raises(InputError, match="multiplicity 3 and 1 unpaired"):
        multiplicity_of({"multiplicity": 3, "uhf": 1}, {})
    with pytest.raises(InputError, match="write it as multiplicity=2S"):
        multiplicity_of({"multiplicity": 0}, {})


def test_several_states_of_one_composition_are_reported_since_students_ignore_them() -> None:
    ion, neutral, water = hydroxide(charge=-1), hydroxide(), Frame.from_atoms(Atoms("OH2"))
    told = describe_mixed_states([ion, neutral, neutral, water])
    assert told is not None
    assert "HO, have different states: charge 0 (2), charge -1 (1); a student reads no" in told
    assert describe_mixed_states([ion, ion, water, water]) is None


def test_frames_are_chosen_by_their_charge() -> None:
    frames = [hydroxide(charge=-1), hydroxide(charge=0)]
    assert list(filter_frames(frames, {"charge": -1.0}, "a")) == frames[:1]
    assert list(filter_frames(frames, {"charge": Bounds(min=0)}, "a")) == frames[1:]
