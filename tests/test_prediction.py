"""What students compute for many structures, from Python."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule

import ipip
from ipip.errors import InputError, IpipError
from ipip.models import Student
from ipip.train import frame_features


def structures() -> list[Atoms]:
    """A molecule, a crystal, nothing, a slab, an atom."""
    crystal = bulk("Mo", cubic=True) * (2, 1, 1)
    crystal.numbers[::2] = 16
    crystal.rattle(0.1, seed=1)
    slab = crystal.copy()
    slab.pbc = [True, True, False]
    return [molecule("SO2"), crystal, Atoms(), slab, Atoms("O")]


@pytest.fixture(params=["painn", "visnet"])
def student(make_student: Callable[..., Student], request: pytest.FixtureRequest) -> Student:
    return make_student(request.param)


def test_predictions_match_the_calculator_from_a_file_and_from_memory(
    student: Student, tmp_path: Path
) -> None:
    path = tmp_path / "student.pt"
    ipip.save_student(student, path)
    calculator = ipip.IpipCalculator(path, backend="eager")
    for model in (path, str(path), student):
        found = ipip.predict(model, structures(), batch_size=2)
        for atoms, one in zip(structures(), found, strict=True):
            atoms.calc = calculator
            assert one.energy == pytest.approx(atoms.get_potential_energy(), rel=1e-9, abs=1e-12)
            np.testing.assert_allclose(one.forces, atoms.get_forces(), rtol=0, atol=1e-7)
            np.testing.assert_allclose(one.energies, atoms.get_potential_energies(), rtol=1e-9)
            assert one.spread is None
            if atoms.pbc.all():
                np.testing.assert_allclose(one.stress, atoms.get_stress(), rtol=0, atol=1e-9)
            else:
                assert one.stress is None


def test_a_committee_gives_means_and_each_atom_s_spread(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    members: list[Student] = [make_student(), make_student(layers=1), make_student("visnet")]
    ipip.save_student(members[1], tmp_path / "one.pt")
    own = [ipip.predict(member, structures()) for member in members]
    found = ipip.predict([members[0], tmp_path / "one.pt", members[2]], structures())
    for index, one in enumerate(found):
        forces = np.stack([member[index].forces for member in own])
        energies = np.array([member[index].energy for member in own])
        n = forces.shape[1]
        assert one.spread is not None
        assert one.energy == pytest.approx(energies.mean()) and one.forces.shape == (n, 3)
        assert one.spread.energy == pytest.approx(energies.std(), abs=1e-9)
        for atom in range(n):
            mean = forces[:, atom].mean(axis=0)
            squares = [np.linalg.norm(member[atom] - mean) ** 2 for member in forces]
            np.testing.assert_allclose(one.forces[atom], mean, rtol=0, atol=1e-9)
            assert one.spread.forces[atom] == pytest.approx(np.sqrt(np.mean(squares)), abs=1e-9)
    assert found[1].spread.stress.shape == (6,) and found[0].spread.stress is None
    (alone,) = ipip.predict([members[0]], structures()[:1])
    assert alone.spread is not None and alone.spread.forces.max() == 0.0


def test_descriptors_are_each_atom_s_and_do_not_turn_with_the_structure(student: Student) -> None:
    rows = ipip.descriptors(student, structures(), batch_size=2)
    assert [len(own) for own in rows] == [len(atoms) for atoms in structures()]
    assert len({own.shape[1] for own in rows}) == 1
    turned = structures()
    for atoms in turned:
        atoms.rotate(35, [1, 2, 3], rotate_cell=True)
    for own, other in zip(rows, ipip.descriptors(student, turned), strict=True):
        np.testing.assert_allclose(own, other, rtol=0, atol=1e-9)
    from ipip.data import Frame

    pooled = frame_features(student, [Frame.from_atoms(structures()[1])])[0]
    np.testing.assert_allclose(np.r_[rows[1].mean(0), rows[1].max(0)], pooled, atol=1e-12)


def test_nothing_to_predict_is_nothing(make_student: Callable[..., Student]) -> None:
    assert ipip.predict(make_student(), []) == [] and ipip.descriptors(make_student(), []) == []


def test_wrong_input_is_reported(make_student: Callable[..., Student], tmp_path: Path) -> None:
    student = make_student()
    with pytest.raises(InputError, match=r"structures is one Atoms object; expected .* \[atoms\]"):
        ipip.predict(student, molecule("SO2"))
    with pytest.raises(InputError, match=r"structure 1 is a str; expected an ase\.Atoms object"):
        ipip.predict(student, [molecule("SO2"), "a.xyz"])  # type: ignore[list-item]
    with pytest.raises(InputError, match="the committee has no students"):
        ipip.predict([], structures())
    with pytest.raises(InputError, match="student is 3; expected the path of a model file, an"):
        ipip.predict(3, structures())  # type: ignore[arg-type]
    with pytest.raises(InputError, match="batch_size is 0; expected 1 or more"):
        ipip.predict(make_student("visnet"), structures(), batch_size=0)
    with pytest.raises(InputError, match=r"H \(first in frame 1\) is not among the student's"):
        ipip.predict(student, [molecule("SO2"), molecule("H2O")])
    with pytest.raises(InputError, match="there is no such file"):
        ipip.predict(tmp_path / "none.pt", structures())
    broken = [molecule("SO2"), molecule("SO2")]
    broken[1].positions[1] = broken[1].positions[2]
    for model in (student, make_student("visnet")):
        with pytest.raises(InputError, match="frame 1: atoms 1 and 2 are at the same place"):
            ipip.predict(model, broken)
    student.shift[1] = np.inf
    with pytest.raises(IpipError, match="frame 0: the student's energy or forces are not finite"):
        ipip.predict(student, [molecule("SO2")])
