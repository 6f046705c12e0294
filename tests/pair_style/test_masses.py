"""Masses that do not fit the elements are reported, and swapped elements end the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.pair_style.conftest import Run

Models = Callable[..., Path]
Lammps = Callable[..., Run]
WARNING = "check the order of elements in pair_coeff and the masses"


def deck(elements: str, masses: list[float], *, style: str = "atomic", runs: int = 1) -> str:
    n = len(masses)
    atoms = "".join(f"create_atoms {t} single {3 * t} 5 5\n" for t in range(1, n + 1))
    each = "mass {} {}\n" if style == "atomic" else "set type {} mass {}\n"
    return (
        f"units metal\natom_style {style}\nregion box block 0 20 0 20 0 20\n"
        f"create_box {n} box\n{atoms}pair_style hybrid/overlay ipip zero 3.0\n"
        f"pair_coeff * * zero\npair_coeff * * ipip float64.pt {elements}\n"
        + "".join(each.format(t + 1, m) for t, m in enumerate(masses))
        + "run 0\n" * runs
    )


def known(elements: str) -> list[str]:
    return sorted(set(elements.split()) - {"NULL"})


@pytest.mark.parametrize(
    ("elements", "masses"),
    [
        ("C O H H", [15.999, 12.011, 1.008, 1.008]),
        ("C O H", [15.999, 12.011, 2.014]),
        ("H C O", [12.011, 15.999, 1.008]),
        ("N C", [12.011, 14.007]),
    ],
)
def test_swapped_elements_end_the_run_and_are_named(
    models: Models, lammps: Lammps, elements: str, masses: list[float]
) -> None:
    models(symbols=known(elements))
    run = lammps(deck(elements, masses))
    assert run.status != 0
    assert "swapped against the masses" in run.errors
    assert f"type 1 ({elements[0]}) has mass {masses[0]:g}, standard" in run.errors


@pytest.mark.parametrize(
    ("elements", "masses"),
    [
        ("C O H", [12.011, 15.999, 2.014]),  # deuterium
        ("C O H", [13.003, 17.999, 3.016]),  # 13C, 18O, tritium
        ("C N H", [14.003, 15.0, 1.0]),  # 14C has the mass of N, which keeps its own
        ("O NULL C", [15.999, 1.0, 12.011]),
    ],
)
def test_isotopes_and_null_types_run_without_a_word(
    models: Models, lammps: Lammps, elements: str, masses: list[float]
) -> None:
    models(symbols=known(elements))
    run = lammps(deck(elements, masses))
    assert run.status == 0, run.output
    assert WARNING not in run.output


@pytest.mark.parametrize(
    ("elements", "masses"),
    [
        ("O O H C", [11.967, 15.999, 3.024, 12.011]),  # hydrogen takes from the oxygen of water
        ("C O H", [10.0, 10.0, 10.0]),
        ("O H", [12.011, 1.008]),
    ],
)
def test_far_masses_are_reported_once_and_run(
    models: Models, lammps: Lammps, elements: str, masses: list[float]
) -> None:
    models(symbols=known(elements))
    run = lammps(deck(elements, masses, runs=2), ranks=2)
    assert run.status == 0, run.output
    assert run.output.count(WARNING) == 1


def test_masses_of_single_atoms_count(models: Models, lammps: Lammps) -> None:
    models(symbols=["C", "O"])
    run = lammps(deck("C O", [15.999, 12.011], style="sphere"), ranks=2)
    assert run.status != 0
    assert "swapped against the masses" in run.errors
