"""`pair_style ipip bias` and `compute ipip/bias`: conserved as a whole, the same on any ranks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from ipip.uncertainty import write_uncertainty
from tests.pair_style.conftest import Run, a_gas, a_molecule, a_slab, header, write_start
from tests.pair_style.rank_runs import answers, ask, assert_same, pair
from tests.uncertainty.made_up import made_up

Models = Callable[..., Path]
Lammps = Callable[..., Run]
KCAL = 23.060548  # kcal/mol of an eV, as LAMMPS has it
BIAS = "bias 0.5 bias_width 3"
ASK = (
    "compute v all ipip/bias\nthermo_style custom step pe c_v\nthermo_modify norm no\n"
    "dump one all custom 1 one.dump id c_v\ndump_modify one sort id format float %.17g\nrun 0\n"
    'print "[$(c_v:%.17g),$(pe:%.17g)]" file values.json screen no\n'
)


@pytest.fixture
def model(models: Models) -> Path:
    """A student with an uncertainty."""
    path = models(layers=2)
    write_uncertainty(path, made_up(8))
    return path


def of_bias(lammps: Lammps, box: object, keywords: str, **options: object) -> tuple[float, float]:
    """Bias energy and potential energy."""
    units = str(options.pop("units", "metal"))
    run = lammps(header(box, units=units, pair=pair(keywords)) + ASK, **options)
    assert run.status == 0, run.output
    total, energy = run.values()
    assert run.dump("one.dump")[:, 1].sum() == pytest.approx(total, rel=1e-12)
    return total, energy


@pytest.mark.parametrize("system", [a_gas, a_slab, a_molecule])
@pytest.mark.parametrize("keywords", ["", "backend torchscript"])
def test_any_number_of_ranks_gives_what_one_gives(
    model: Path, lammps: Lammps, tmp_path: Path, system: Callable[[], Atoms], keywords: str
) -> None:
    box = write_start(tmp_path, system())
    deck = header(box, pair=pair(f"{BIAS} {keywords}")) + ask("a")
    expected = answers(lammps(deck), "a")
    for ranks in (2, 4):  # of four, some have no atoms of the molecule
        assert_same(answers(lammps(deck, ranks=ranks), "a"), expected)


def test_its_energy_is_available_in_the_units_of_the_deck(
    model: Path, lammps: Lammps, tmp_path: Path
) -> None:
    box = write_start(tmp_path, a_gas())
    bias, energy = of_bias(lammps, box, BIAS)
    plain = lammps(header(box, pair=pair()) + ask("a"))
    own = answers(plain, "a")["energy"][0]
    assert energy - bias == pytest.approx(own, rel=1e-12)
    assert -0.5 * 24 < bias < -0.01
    in_kcal = of_bias(lammps, box, f"bias {0.5 * KCAL} bias_width 3", units="real", ranks=2)
    assert in_kcal == pytest.approx((bias * KCAL, energy * KCAL), rel=1e-6)


def test_the_energy_with_the_bias_is_conserved_and_without_it_is_not(
    model: Path, lammps: Lammps, tmp_path: Path
) -> None:
    box = write_start(tmp_path, a_gas())
    run = lammps(
        header(box, pair=pair(BIAS))
        + "velocity all create 600 11 mom yes\nfix 1 all nve\ntimestep 0.0002\n"
        "compute v all ipip/bias\nvariable own equal etotal-c_v\nvariable total equal etotal\n"
        "variable kinetic equal ke\nthermo_modify norm no\n"
        "fix s all ave/time 5 1 5 v_total v_own v_kinetic file s.txt format ' %.15g'\nrun 500\n"
    )
    assert run.status == 0, run.output
    _, total, own, kinetic = np.loadtxt(tmp_path / "s.txt").T
    assert np.ptp(total) < 2e-3 * kinetic.mean()
    assert np.ptp(own) > 20 * np.ptp(total)


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize(
    ("keywords", "commands", "message"),
    [
        ("bias -0.1", "", "bias is -0.1 eV an atom, expected 0 to 2"),
        ("bias 7", "", "bias is 7 eV an atom, expected 0 to 2"),
        ("bias nan", "", "Expected floating point parameter instead of 'nan'"),
        ("bias much", "", "Expected floating point parameter instead of 'much'"),
        ("bias 0.1 bias_width 0", "", "bias_width is 0, expected a positive score"),
        ("bias 0.1 device emulate", "", "the kernels bias a run on the CPU only"),
        ("bias", "", "keyword bias has no value"),
        ("", "compute v all ipip/bias\nrun 0\n", "the deck sets no bias"),
        (BIAS, "compute v all ipip/bias 3\n", "takes no arguments after its style, got 1: 3"),
    ],
)
def test_impossible_input_is_reported_in_one_sentence(
    model: Path,
    lammps: Lammps,
    tmp_path: Path,
    keywords: str,
    commands: str,
    message: str,
    ranks: int,
) -> None:
    box = write_start(tmp_path, a_gas())
    run = lammps(header(box, pair=pair(keywords)) + commands, ranks=ranks, timeout=60.0)
    assert run.status != 0
    assert message in run.errors


def test_a_student_without_uncertainty_is_reported_before_the_first_step(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    run = lammps(header(box, pair=pair(BIAS)) + "run 0\n", ranks=2)
    assert run.status != 0
    assert "add it with `ipip uncertainty float64.pt FRAMES`" in run.errors
    assert "Step" not in run.output


def test_the_example_deck_runs(model: Path, lammps: Lammps, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs" / "uncertainty.md").read_text()
    example = text.split("<!-- biased deck -->\n```\n")[1].split("```")[0]
    box = write_start(tmp_path, a_gas())
    begin = f"units metal\natom_style atomic\nboundary {box.boundary}\nread_data start.data\n"
    (tmp_path / "student.pt").symlink_to(model)
    deck = begin + example.replace("run             20000", "run 200")
    run = lammps(deck.replace("Mo S O", "O Mo S"))
    assert run.status == 0, run.output
    assert "this run is biased" in run.output
    assert (tmp_path / "explored.dump").stat().st_size > 0
