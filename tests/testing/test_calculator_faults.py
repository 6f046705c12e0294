"""Each check of calculators detects its faults, and reports where."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT

from ipip.errors import InputError, IpipError
from ipip.testing import (
    FLOAT32,
    Check,
    ContractError,
    calculator_checks,
    check_calculator,
    parametrize_checks,
)
from tests.testing.potentials import CUTOFF, FAULTS, CopiesFail, NoAtomsFail, Smooth


def structure() -> Atoms:
    """Sodium chloride, in a box shorter than two cutoffs."""
    atoms = bulk("NaCl", "rocksalt", a=4.8, cubic=True)
    atoms.set_cell(atoms.cell.array + [[0, 0, 0], [0.3, 0, 0], [0.1, -0.2, 0]], scale_atoms=True)
    return atoms


class Stressless(Smooth):
    """Energies and forces only."""

    implemented_properties = ["energy", "forces"]


CHECKS = calculator_checks(Smooth, structure(), cutoff=CUTOFF)


@parametrize_checks(CHECKS)
def test_a_potential_without_fault_passes(check: Check) -> None:
    check()


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(fault: type[Smooth]) -> None:
    checks = {c.name: c for c in calculator_checks(fault, structure(), cutoff=CUTOFF)}
    for name in FAULTS[fault]:
        with pytest.raises(ContractError, match=rf"^{name}") as caught:
            checks[name]()
        assert ("raised" in str(caught.value)) == (fault in (NoAtomsFail, CopiesFail))


def test_every_check_is_shown_to_see_a_fault() -> None:
    shown = {name for names in FAULTS.values() for name in names}
    assert shown == {check.name for check in CHECKS}


def test_all_faults_are_reported_each_in_a_line_with_value_bound_and_structure() -> None:
    fault = next(f for f in FAULTS if f.__name__ == "StressOfWrongSign")
    with pytest.raises(AssertionError) as caught:
        check_calculator(fault, structure(), cutoff=CUTOFF)
    assert isinstance(caught.value, IpipError)
    head, *lines = str(caught.value).splitlines()
    (line,) = lines
    assert head == f"1 of {len(CHECKS)} checks fail:"
    assert re.fullmatch(
        r"stress_is_the_strain_derivative\[Na4Cl4, pbc abc\]: the stress xx is \S+ eV/Å\^3, "
        r"expected \S+: they differ by \S+, the bound is \S+",
        line,
    )


def test_a_calculator_that_raises_fails_the_check_that_met_it() -> None:
    class Raises(Calculator):
        implemented_properties = ["energy", "forces"]

    with pytest.raises(ContractError, match=r"no_atoms_have_no_energy: raised \w+"):
        {c.name: c for c in calculator_checks(Raises, structure())}["no_atoms_have_no_energy"]()


def test_skipped_checks_are_reported_with_the_reason() -> None:
    skip = {
        "a_copy_computes_the_same": "EMT keeps functions that cannot be pickled",
        "what_is_not_a_number_shows": "EMT has no neighbours for such an atom",
    }
    report = check_calculator(EMT, bulk("Cu", cubic=True), skip=skip)
    assert "forces_are_the_gradient_of_the_energy[Cu4, pbc abc]" in report.passed
    assert skip["a_copy_computes_the_same"] in report.left_out.values()
    assert "no cutoff was given" in report.left_out["far_atoms_do_not_interact"]
    assert len(report.passed) + len(report.left_out) == len(CHECKS)


def test_a_calculator_without_stress_leaves_its_check_out() -> None:
    report = check_calculator(Stressless, structure(), cutoff=CUTOFF, precision=FLOAT32)
    left_out = "stress_is_the_strain_derivative[Na4Cl4, pbc abc]"
    assert dict(report.left_out) == {left_out: "the potential has no stress"}


def test_wrong_arguments_are_reported() -> None:
    with pytest.raises(InputError, match=r"make is .*; expected a function that makes"):
        calculator_checks(Smooth(), structure())
    with pytest.raises(InputError, match="structures is empty"):
        calculator_checks(Smooth, [])
    with pytest.raises(InputError, match=r"structure 0 is Atoms.*; expected an ase.Atoms with at"):
        calculator_checks(Smooth, Atoms())
    with pytest.raises(InputError, match=r"cutoff is -1\.0; expected a distance above 0 Å"):
        calculator_checks(Smooth, structure(), cutoff=-1.0)
    with pytest.raises(InputError, match="layers is 0; expected 1 or more"):
        calculator_checks(Smooth, structure(), layers=0)
    with pytest.raises(InputError, match="precision is 'double'; expected float64, float32"):
        calculator_checks(Smooth, structure(), precision="double")
    with pytest.raises(InputError, match="skip names 'forces'; expected one of: the_result_is"):
        calculator_checks(Smooth, structure(), skip={"forces": "no"})
    with pytest.raises(InputError, match="skip has no reason for forces_sum_to_zero"):
        calculator_checks(Smooth, structure(), skip={"forces_sum_to_zero": ""})


def test_checks_of_calculators_need_neither_torch_nor_pytest() -> None:
    script = (
        "import sys, ipip.testing\nfrom ase.build import bulk\n"
        "from ase.calculators.emt import EMT\n"
        "checks = ipip.testing.calculator_checks(EMT, bulk('Cu', cubic=True))\n"
        "checks[1]()\nprint(checks[1].name, {'torch', 'pytest', 'ipip.graph'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.split() == ["forces_are_the_gradient_of_the_energy", "set()"], done.stderr
