"""Files of labelled frames: they are read back unchanged, and faults are reported in one line."""

from __future__ import annotations

from pathlib import Path

import ase.io
import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator

from ipip.config.data import DataKeys
from ipip.data import Frame, frames_digest, read_frames, write_frames
from ipip.errors import InputError

AWKWARD = {
    "text_of_a_flag": "T",
    "text_of_a_number": "12",
    "empty": "",
    "nothing": None,
    "flag": True,
    "spaces": "a b=c {'\"\\ d",
    "newline": "a\nb",
    "json_like": "_JSON x",
    "numbers": [1.0, 2.5],
    "nested": {"a": [None, "b\n", {"c": 1e-17}]},
    "tiny": 1.2345678901234567e-300,
    "free_energy": -1.5,
    "unicode": "Å·µ",
}


@pytest.mark.parametrize("name", ["set.xyz", "set.extxyz", "set.db"])
def test_written_frames_read_back_exactly(name: str, frames: list[Frame], tmp_path: Path) -> None:
    frames[0].info.update(AWKWARD)
    frames[1] = frames[1].replace(stress=None)
    frames[2] = frames[2].replace(cell=np.zeros((3, 3)), pbc=np.zeros(3, bool), stress=None)
    write_frames(tmp_path / name, frames)
    back = read_frames(tmp_path / name)
    assert frames_digest(back) == frames_digest(frames)
    assert [frame.info for frame in back] == [frame.info for frame in frames]
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_bare_structures_are_read_when_no_label_is_required(
    frames: list[Frame], tmp_path: Path
) -> None:
    write_frames(tmp_path / "a.xyz", [frames[0].replace(energy=None, forces=None, stress=None)])
    (back,) = read_frames(tmp_path / "a.xyz", require=())
    assert back.energy is None and back.forces is None and back.stress is None


def test_labels_of_an_ase_calculator_are_found_under_their_ase_names(tmp_path: Path) -> None:
    atoms = Atoms("Cu2", [[0, 0, 0], [2.3, 0, 0]], cell=[9, 9, 9], pbc=True)
    atoms.calc = EMT()
    energy, forces, stress = (
        atoms.get_potential_energy(),
        atoms.get_forces(),
        atoms.get_stress(voigt=False),
    )
    for name in ("a.xyz", "a.db"):
        ase.io.write(tmp_path / name, atoms)
        (frame,) = read_frames(tmp_path / name)
        assert frame.energy == pytest.approx(energy, abs=1e-9)
        assert np.allclose(frame.forces, forces, atol=1e-7)
        assert frame.stress is not None and np.allclose(frame.stress, stress, atol=1e-9)


def custom_keys(path: Path, virial: np.ndarray) -> None:
    """Write one frame under foreign keys with ASE, per-atom `forces` of another method included."""
    atoms = Atoms("MoS", [[0, 0, 0], [2.0, 0, 0]], cell=[5, 5, 4], pbc=True)
    atoms.info.update(REF_energy=-7.5, run="a", kind="slab", Virial=virial.ravel())
    atoms.arrays["REF_forces"] = np.array([[1.0, 2, 3], [-1, -2, -3]])
    atoms.calc = SinglePointCalculator(atoms, energy=-1.0, forces=np.zeros((2, 3)))
    ase.io.write(path, atoms)


def test_custom_keys_choose_the_label_and_the_meaning_of_a_virial(tmp_path: Path) -> None:
    virial = np.array([[1.0, 0.2, 0.3], [0.2, 2.0, 0.4], [0.3, 0.4, 3.0]])
    custom_keys(tmp_path / "a.xyz", virial)
    keys = DataKeys(
        energy="REF_energy",
        forces="REF_forces",
        stress="Virial",
        stress_is="virial",
        config_type="kind",
        group="run",
    )
    (frame,) = read_frames(tmp_path / "a.xyz", keys)
    assert frame.energy == -7.5
    assert frame.forces is not None and frame.forces[0].tolist() == [1, 2, 3]
    assert frame.stress is not None and np.allclose(frame.stress, -virial / 100.0)
    assert frame.info == {"config_type": "slab", "run": "a"}
    (other,) = read_frames(tmp_path / "a.xyz")
    assert other.energy == -1.0 and not np.any(other.forces)


@pytest.mark.parametrize("suffix", ["xyz", "db"])
@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (DataKeys(energy="Energy"), "'Energy'; per-frame keys there: config_type, energy"),
        (DataKeys(forces="force"), "'force'; per-atom keys there: forces"),
        (DataKeys(stress="virial"), "'virial'; per-frame keys there:"),
        (DataKeys(group="run"), "'run'; per-frame keys there: config_type"),
    ],
)
def test_a_wrong_key_lists_the_existing_keys(
    keys: DataKeys, found: str, suffix: str, frames: list[Frame], tmp_path: Path
) -> None:
    path = tmp_path / f"a.{suffix}"
    write_frames(path, frames)
    with pytest.raises(InputError) as caught:
        read_frames(path, keys)
    assert found in str(caught.value)
    assert str(path) in str(caught.value)


def test_frames_without_forces_are_counted_and_the_first_is_named(
    frames: list[Frame], tmp_path: Path
) -> None:
    frames[2] = frames[2].replace(forces=None)
    frames[4] = frames[4].replace(forces=None)
    write_frames(tmp_path / "a.xyz", frames)
    with pytest.raises(InputError, match=r"2 of 6 frames \(the first is frame 2\) lack forces"):
        read_frames(tmp_path / "a.xyz")


def test_a_single_atom_needs_no_forces(tmp_path: Path) -> None:
    atom = Frame(np.array([8]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool), energy=-1.0)
    write_frames(tmp_path / "a.xyz", [atom])
    (back,) = read_frames(tmp_path / "a.xyz")
    assert back.forces is not None and back.forces.tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_labels_that_are_not_finite_name_the_frame(
    bad: float, frames: list[Frame], tmp_path: Path
) -> None:
    broken = list(frames)
    forces = np.array(frames[3].forces)
    forces[1, 2] = bad
    broken[3] = frames[3].replace(forces=forces)
    write_frames(tmp_path / "a.xyz", broken)
    with pytest.raises(InputError, match=r"frame 3: the forces of atom 1 are not finite"):
        read_frames(tmp_path / "a.xyz")
    broken[3] = frames[3].replace(energy=bad)
    write_frames(tmp_path / "b.xyz", broken)
    with pytest.raises(InputError, match=r"frame 3: the energy .* not finite"):
        read_frames(tmp_path / "b.xyz")


@pytest.mark.parametrize("suffix", ["xyz", "db"])
def test_atoms_at_the_same_place_name_the_frame(
    frames: list[Frame], tmp_path: Path, suffix: str
) -> None:
    positions = frames[2].positions.copy()
    positions[1] = positions[0]
    broken = [*frames[:2], frames[2].replace(positions=positions)]
    write_frames(tmp_path / f"a.{suffix}", broken)
    with pytest.raises(InputError, match=r"frame 2: atoms 0 and 1 are at the same place"):
        read_frames(tmp_path / f"a.{suffix}")


def test_forces_of_a_wrong_shape_are_refused(tmp_path: Path) -> None:
    atoms = Atoms("O2", [[0, 0, 0], [1.2, 0, 0]])
    atoms.info["e"] = 1.0
    atoms.arrays["f"] = np.ones((2, 2))
    ase.io.write(tmp_path / "a.xyz", atoms)
    with pytest.raises(InputError, match=r"shape \(2, 2\); expected \(2, 3\)"):
        read_frames(tmp_path / "a.xyz", DataKeys(energy="e", forces="f"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("none.xyz", None, "no such file"),
        ("a.cif", "x", "unknown file format"),
        ("empty.xyz", "", "holds no frames"),
        ("text.xyz", "hello\n", "expected the number of atoms"),
        ("zero.xyz", "0\n\n", "has no atoms"),
        ("cut.xyz", "2\nenergy=1\nO 0 0 0\n", "has 1 of 2 atoms"),
        ("gap.xyz", "1\nenergy=1\nO 0 0 0\n\n1\nenergy=1\nO 0 0 0\n", "line 4 is empty"),
        ("word.xyz", "1\nenergy=1\nO 0 zero 0\n", "frame 0 .line 1. cannot be read"),
        ("element.xyz", "1\nenergy=1\nQq 0 0 0\n", "frame 0 .line 1. cannot be read"),
        ("bytes.xyz", b"\xff\xfe\x00", "is not text"),
        ("text.db", "hello", "is not an SQLite file"),
        ("cut.db", b"SQLite format 3\x00" + b"\x00" * 50, "cannot be read"),
    ],
)
def test_unusable_files_are_reported_in_one_sentence(
    name: str, content: str | bytes | None, message: str, tmp_path: Path
) -> None:
    path = tmp_path / name
    if isinstance(content, str):
        path.write_text(content)
    elif content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_frames(path)
    assert "\n" not in str(caught.value)


def test_a_folder_is_not_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.xyz").mkdir()
    with pytest.raises(InputError, match="is not a file"):
        read_frames(tmp_path / "a.xyz")


def test_an_interrupted_write_leaves_the_old_file(frames: list[Frame], tmp_path: Path) -> None:
    path = tmp_path / "a.xyz"
    write_frames(path, frames[:2])
    with pytest.raises(InputError, match="info has the key 'energy'"):
        write_frames(path, [*frames, frames[0].replace(info={"energy": 1.0})])
    assert len(read_frames(path)) == 2
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.xyz"]


def test_shared_reference_set_reads_with_its_keys(shared_data: Path) -> None:
    keys = DataKeys(energy="REF_energy", forces="REF_forces", group="traj")
    frames = read_frames(shared_data / "mso_pbe_d3" / "mso_pbe_d3.xyz", keys)
    assert len(frames) >= 100
    assert all(frame.energy is not None and frame.forces is not None for frame in frames)
