"""The model file: a student that is written and read again gives the same results everywhere."""

from __future__ import annotations

import tempfile
from pathlib import Path

from ipip.data.frame import Frame
from ipip.export import load_scripted, load_student, save_student
from ipip.lammps.deck import student_pair
from ipip.lammps.single_point import single_point
from ipip.models import Student
from ipip.physics.laws.evaluation import Evaluation, require_same
from ipip.physics.laws.precision import FLOAT32, FLOAT64, Precision
from ipip.physics.laws.structures import packed_box
from ipip.testing.checks import ContractError
from ipip.testing.student.graphs import potential
from ipip.testing.student.variants import variant

BOUNDS = {"float64": FLOAT64, "float32": FLOAT32}


def _bounds(student: Student) -> Precision:
    return BOUNDS[student.dtype_name]


def arguments_rebuild_it(student: Student) -> None:
    """A student built from `arguments` has the same weights by name and the same results."""
    other = variant(student)
    names, rebuilt = set(student.state_dict()), set(other.state_dict())
    if names != rebuilt:
        raise ContractError(f"rebuilt, it lacks or adds the weights {sorted(names ^ rebuilt)}")
    if other.arguments != student.arguments:
        raise ContractError(f"rebuilt from {student.arguments}, it has {other.arguments}")
    atoms = packed_box(student.symbols)
    expected = potential(student)(atoms)
    require_same("rebuilt, the", potential(other)(atoms), expected, _bounds(student))


def a_saved_student_is_read_again(student: Student) -> None:
    """A student that is written and read again gives bitwise equal results."""
    atoms = packed_box(student.symbols)
    with tempfile.TemporaryDirectory(prefix="ipip-testing-") as folder:
        save_student(student, Path(folder) / "student.pt")
        again = load_student(Path(folder) / "student.pt")
    result, expected = potential(again)(atoms), potential(student)(atoms)
    exactly = Precision(step=0.0, derivative=0.0, equality=0.0, epsilon=0.0)
    require_same("read again, the", result, expected, exactly)


def the_scripted_file_computes_the_same(student: Student) -> None:
    """TorchScript, which LAMMPS runs if no kernels can, is the same network."""
    atoms = packed_box(student.symbols)
    with tempfile.TemporaryDirectory(prefix="ipip-testing-") as folder:
        save_student(student, Path(folder) / "student.pt")
        scripted, metadata = load_scripted(Path(folder) / "student.pt")
    if len(metadata.halo_widths) != student.layers - 1:
        raise ContractError(
            f"halo_widths are {metadata.halo_widths} for {student.layers} layers; expected one "
            "between each two layers"
        )
    result, expected = potential(student, scripted)(atoms), potential(student)(atoms)
    require_same("of TorchScript, the", result, expected, _bounds(student))


def lammps_computes_the_same(student: Student) -> None:
    """A run of no steps with `pair_style ipip` on the model file."""
    atoms = packed_box(student.symbols)
    with tempfile.TemporaryDirectory(prefix="ipip-testing-") as folder:
        model = Path(folder) / "student.pt"
        save_student(student, model)
        pair = student_pair(model, student.symbols)
        frame = single_point(Frame.from_atoms(atoms), pair, student.symbols)
    assert frame.energy is not None and frame.forces is not None
    result = Evaluation(frame.energy, frame.forces, frame.stress)
    require_same("in LAMMPS, the", result, potential(student)(atoms), _bounds(student), factor=10.0)
