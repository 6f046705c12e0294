"""The contract of calculators holds for all of ours: each backend, LAMMPS, teachers, biases."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.lammpslib import LAMMPSlib
from ase.calculators.lj import LennardJones

from ipip import IpipCalculator, save_student
from ipip.config.teacher import TeacherSettings
from ipip.evaluation import BACKENDS
from ipip.physics.laws.evaluation import Evaluate, Evaluation
from ipip.physics.laws.structures import packed_box
from ipip.systems.bias import BiasedCalculator
from ipip.teachers import Teacher, TeacherCalculator
from ipip.testing import FLOAT64, Check, calculator_checks, parametrize_checks
from ipip.testing.physics import physics_checks
from ipip.testing.student.graphs import graph_of
from ipip.testing.student.variants import unhidden
from ipip.train import PainnKernels
from tests.models.students import small_student

SYMBOLS = ["Mo", "S", "O"]
OPENED = ExitStack()  # folders and teachers, which end with this module


@pytest.fixture(scope="module", autouse=True)
def close_all() -> Iterator[None]:
    with OPENED:
        yield


@functools.cache
def folder() -> Path:
    return Path(OPENED.enter_context(tempfile.TemporaryDirectory()))


@functools.cache
def model(student: str, dtype: str) -> Path:
    path = folder() / f"{student}-{dtype}.pt"
    save_student(unhidden(small_student(student), 0.3, dtype=dtype), path)
    return path


def structures(with_molecule: bool = True) -> list[Atoms]:
    """A skewed box that is shorter than two cutoffs, and a molecule."""
    atoms = molecule("SO2")
    atoms += Atoms("Mo", [[0.3, 1.9, 0.4]])
    atoms.center(vacuum=4.0)
    return [packed_box(SYMBOLS), atoms] if with_molecule else [packed_box(SYMBOLS)]


def of_student(
    make: Callable[[Path], Any],
    student: str,
    dtype: str,
    *,
    with_molecule: bool = True,
    skip: Mapping[str, str] | None = None,
) -> list[Check]:
    """Checks of what evaluates the model file of a student."""
    network = small_student(student)
    return calculator_checks(
        lambda: make(model(student, dtype)),
        structures(with_molecule),
        cutoff=network.cutoff,
        layers=network.layers,
        precision=dtype,
        skip=skip,
    )


def by_backend(backend: str) -> Callable[[Path], IpipCalculator]:
    return lambda path: IpipCalculator(path, backend=backend)


def by_lammps(path: Path) -> LAMMPSlib:
    """Let ASE drive `pair_style ipip` in this process."""
    return LAMMPSlib(
        lmpcmds=["pair_style ipip", f"pair_coeff * * {path} {' '.join(SYMBOLS)}"],
        atom_types={symbol: index + 1 for index, symbol in enumerate(SYMBOLS)},
        lammps_header=["units metal", "atom_style atomic", "atom_modify map array sort 0 0"],
        keep_alive=True,
        log_file=None,
    )


LJ = {"sigma": 2.2, "epsilon": 0.1, "rc": 5.0, "ro": 3.5, "smooth": True}


@functools.cache
def teacher() -> Teacher:
    settings = TeacherSettings(
        kind="ase", import_path="ase.calculators.lj:LennardJones", arguments=LJ
    )
    return OPENED.enter_context(Teacher(settings, folder()))


def biased() -> BiasedCalculator:
    """A Gaussian far away, on top of another calculator."""
    return BiasedCalculator(LennardJones(**LJ))


def by_training_kernels() -> Evaluate:
    """Let the kernels that students are trained by evaluate one."""
    student = unhidden(small_student("painn", channels=16), 0.3)
    kernels = PainnKernels(student)  # type: ignore[arg-type]

    def evaluate(atoms: Atoms) -> Evaluation:
        graph = graph_of(student, [atoms])
        energy, forces, strain = kernels(graph.species, graph.edge_index, graph.edge_vec)
        stress = strain[0].numpy() / atoms.get_volume() if atoms.pbc.all() else None
        return Evaluation(float(energy[0]), forces.numpy(), stress)

    return evaluate


CONTRACTS: dict[str, Sequence[Check]] = {
    **{
        backend: of_student(by_backend(backend), "painn-zbl", "float64")
        for backend in BACKENDS
        if backend != "auto"
    },
    "float32": of_student(by_backend("auto"), "painn", "float32"),
    "visnet": of_student(by_backend("auto"), "visnet-1", "float64", with_molecule=False),
    "training kernels": physics_checks(
        by_training_kernels, structures(), FLOAT64, cutoff=5.0, layers=2
    ),
    "lammps": of_student(
        by_lammps,
        "painn",
        "float64",
        skip={
            "a_copy_computes_the_same": "LAMMPSlib holds pointers",
            "no_atoms_have_no_energy": "LAMMPSlib needs a box",
            "translation_changes_nothing[MoO2S, no pbc]": "atoms leave an open box of LAMMPS",
        },
    ),
    "teacher": calculator_checks(
        lambda: TeacherCalculator(teacher()),
        structures(),
        cutoff=LJ["rc"],
        skip={"a_copy_computes_the_same": "a process cannot be copied"},
    ),
    "biased": calculator_checks(biased, structures(with_molecule=False), cutoff=LJ["rc"]),
}


@parametrize_checks(CONTRACTS)
def test_a_calculator_of_ours_keeps_the_contract(check: Check) -> None:
    check()
