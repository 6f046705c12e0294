"""`compute ipip/uncertainty`: what decks read, on any number of ranks and every backend."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from ipip import IpipCalculator
from ipip.uncertainty import write_uncertainty
from tests.pair_style.conftest import Run, a_gas, a_molecule, a_slab, header, write_start
from tests.pair_style.rank_runs import pair
from tests.uncertainty.made_up import made_up

Models = Callable[..., Path]
Lammps = Callable[..., Run]
KCAL = 23.060548  # kcal/mol of an eV, as LAMMPS has it
ASK = (
    "compute u all ipip/uncertainty\ncompute s sulphur ipip/uncertainty\n"
    "thermo_style custom step c_u c_s\nthermo_modify norm no\n"
    "dump one all custom 1 one.dump id c_u c_s\n"
    "dump_modify one sort id format float %.17g\nrun 0\n"
    'print "[$(c_u:%.17g),$(c_s:%.17g)]" file values.json screen no\n'
)
GROUP = "group sulphur type 3\n"


@pytest.fixture
def model(models: Models) -> Path:
    """A student with an uncertainty."""
    path = models(layers=2)
    write_uncertainty(path, made_up(8))
    return path


def in_python(model: Path, atoms: Atoms) -> np.ndarray:
    atoms = atoms.copy()
    atoms.calc = IpipCalculator(model)
    atoms.get_forces()
    return atoms.calc.results["uncertainties"]


@pytest.mark.parametrize(
    ("ranks", "system", "keywords", "units"),
    [
        (1, a_gas, "", "metal"),
        (1, a_slab, "", "real"),
        (2, a_gas, "halo plan", "metal"),
        (4, a_gas, "halo comm", "real"),
        (4, a_molecule, "", "metal"),  # ranks without atoms
        (1, a_gas, "backend torchscript", "metal"),
        (2, a_slab, "backend torchscript", "real"),
        (1, a_gas, "device emulate", "metal"),
        (2, a_slab, "device emulate", "metal"),
    ],
)
def test_atoms_and_the_largest_of_a_group_match_python(
    model: Path,
    lammps: Lammps,
    tmp_path: Path,
    ranks: int,
    system: Callable[[], Atoms],
    keywords: str,
    units: str,
) -> None:
    atoms = system()
    expected = in_python(model, atoms) * (KCAL if units == "real" else 1.0)
    box = write_start(tmp_path, atoms)
    run = lammps(header(box, units=units, pair=pair(keywords)) + GROUP + ASK, ranks=ranks)
    assert run.status == 0, run.output
    rows, sulphur = run.dump("one.dump"), atoms.numbers == 16
    np.testing.assert_allclose(rows[:, 1], expected, rtol=1e-6)
    np.testing.assert_allclose(rows[:, 2], np.where(sulphur, expected, 0.0), rtol=1e-6)
    assert run.values() == pytest.approx([expected.max(), expected[sulphur].max()], rel=1e-6)


def moving(box: object) -> str:
    return (
        header(box)
        + GROUP
        + "velocity all create 3000 7 loop geom\nfix 1 all nve\ntimestep 0.0005\n"
        + "compute u all ipip/uncertainty\n"
    )


def test_a_run_halts_at_a_bound_and_not_before(model: Path, lammps: Lammps, tmp_path: Path) -> None:
    box = write_start(tmp_path, a_gas())
    series = (
        "variable u equal c_u\nfix series all ave/time 2 1 2 c_u file series.txt format ' %.12g'\n"
    )
    run = lammps(moving(box) + series + "run 60\n")
    assert run.status == 0, run.output
    rows = np.loadtxt(tmp_path / "series.txt")
    assert rows[:, 0].tolist() == list(range(0, 61, 2))
    bound = float(np.sort(rows[:, 1])[-8])
    crosses = int(rows[1:][rows[1:, 1] > bound][0, 0])
    halt = f"variable u equal c_u\nfix stop all halt 2 v_u > {bound:.12g} error soft\n"
    run = lammps(moving(box) + halt + "run 60\nprint $(step) file values.json screen no\n")
    assert run.status == 0, run.output
    assert run.values() == crosses


def test_a_dump_takes_uncertain_atoms_and_only_its_steps_are_evaluated(
    model: Path, lammps: Lammps, tmp_path: Path
) -> None:
    box = write_start(tmp_path, a_gas())
    dumps = (
        "dump all all custom 10 all.dump id c_u\ndump_modify all sort id\n"
        "dump some all custom 10 some.dump id c_u\ndump_modify some sort id thresh c_u > {}\n"
    )
    run = lammps(moving(box) + dumps.format(0.0) + "run 20\n")
    assert run.status == 0, run.output
    bound = float(np.median(run.dump("all.dump")[:, 1]))
    run = lammps(moving(box) + dumps.format(bound) + "run 20\n")
    everything, some = run.dump("all.dump"), run.dump("some.dump")
    np.testing.assert_array_equal(some, everything[everything[:, 1] > bound])
    assert 0 < len(some) < len(everything)


def test_a_step_that_was_not_evaluated_says_so(model: Path, lammps: Lammps, tmp_path: Path) -> None:
    box = write_start(tmp_path, a_gas())
    off = "pair_modify compute no\nthermo_style custom step c_u\nrun 1\n"
    run = lammps(moving(box) + off)
    assert run.status != 0
    assert "compute u ipip/uncertainty was not evaluated on step 0" in run.errors


def test_a_restarted_run_reads_the_same_numbers(
    model: Path, lammps: Lammps, tmp_path: Path
) -> None:
    box = write_start(tmp_path, a_gas())
    out = "thermo_style custom step c_u\nthermo 5\nthermo_modify format float %.10g\n"
    run = lammps(moving(box) + out + "run 5\nwrite_restart half.restart\nrun 5\n")
    expected = re.findall(r"^ +10 +(\S+)", run.output, re.M)[-1]
    deck = (
        f"read_restart half.restart\n{pair()}{GROUP}fix 1 all nve\ntimestep 0.0005\n"
        "compute u all ipip/uncertainty\n" + out + "run 5\n"
    )
    run = lammps(deck)
    assert run.status == 0, run.output
    assert float(re.findall(r"^ +10 +(\S+)", run.output, re.M)[-1]) == pytest.approx(
        float(expected), rel=1e-7
    )


def test_it_is_the_students_under_hybrid_overlay_with_null_types(
    model: Path, lammps: Lammps, tmp_path: Path
) -> None:
    atoms = a_gas()
    without = atoms[atoms.numbers != 8]
    box = write_start(tmp_path, atoms)
    hybrid = (
        "pair_style hybrid/overlay ipip zero 3.0\n"
        "pair_coeff * * ipip float64.pt NULL Mo S\npair_coeff * * zero\n"
    )
    run = lammps(header(box, pair=hybrid) + GROUP + ASK)
    assert run.status == 0, run.output
    found = run.dump("one.dump")[:, 1]
    assert (found[atoms.numbers == 8] == 0.0).all()
    np.testing.assert_allclose(found[atoms.numbers != 8], in_python(model, without), rtol=1e-6)


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        ("compute u all ipip/uncertainty 3\n", "takes no arguments after its style, got 1: 3"),
        (
            "group none empty\ncompute u none ipip/uncertainty\nrun 0\n",
            "compute u ipip/uncertainty: group none has no atoms",
        ),
        (
            "pair_style hybrid/scaled 0.5 ipip 0.5 zero 3.0\n"
            "pair_coeff * * ipip float64.pt O Mo S\npair_coeff * * zero\n"
            "compute u all ipip/uncertainty\nrun 0\n",
            "with which forces are not a student's alone",
        ),
        (
            "pair_style hybrid/overlay ipip ipip\npair_coeff * * ipip 1 float64.pt O Mo S\n"
            "pair_coeff * * ipip 2 float64.pt O Mo S\ncompute u all ipip/uncertainty\nrun 0\n",
            "the deck has several students",
        ),
        (
            "pair_style zero 3.0\npair_coeff * *\ncompute u all ipip/uncertainty\nrun 0\n",
            "the deck has no student, expected one `pair_style ipip`",
        ),
    ],
)
@pytest.mark.parametrize("ranks", [1, 2])
def test_impossible_input_is_reported_in_one_sentence_on_all_ranks(
    model: Path, lammps: Lammps, tmp_path: Path, commands: str, message: str, ranks: int
) -> None:
    box = write_start(tmp_path, a_gas())
    run = lammps(header(box) + commands, ranks=ranks, timeout=60.0)
    assert run.status != 0
    assert message in run.errors


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_student_without_uncertainty_is_reported_before_the_first_step(
    models: Models, lammps: Lammps, tmp_path: Path, ranks: int
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    run = lammps(header(box) + "compute u all ipip/uncertainty\nrun 0\n", ranks=ranks)
    assert run.status != 0
    assert "add them with `ipip uncertainty float64.pt FRAMES`" in run.errors
    assert "Step" not in run.output


def test_only_frames_with_an_uncertain_atom_are_dumped(
    model: Path, lammps: Lammps, tmp_path: Path
) -> None:
    box = write_start(tmp_path, a_gas())
    series = "fix series all ave/time 2 1 2 c_u file series.txt format ' %.12g'\n"
    run = lammps(moving(box) + series + "run 40\n")
    assert run.status == 0, run.output
    rows = np.loadtxt(tmp_path / "series.txt")
    bound = float(np.median(rows[:, 1]))
    deck = (
        f'variable sure equal "c_u < {bound:.12g}"\n'
        "dump some all custom 2 some.dump id type x y z c_u\ndump_modify some skip v_sure\n"
    )
    run = lammps(moving(box) + deck + "run 40\n")
    assert run.status == 0, run.output
    steps = re.findall(r"TIMESTEP\n(\d+)", (tmp_path / "some.dump").read_text())
    assert [int(step) for step in steps] == rows[rows[:, 1] >= bound, 0].astype(int).tolist()
