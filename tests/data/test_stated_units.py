"""Files that state their units: converted if known, refused otherwise, never taken as eV."""

from __future__ import annotations

from pathlib import Path

import ase.db
import numpy as np
import pytest
from ase import Atoms, units

from ipip.config.data import DataKeys
from ipip.data import read_frames
from ipip.data.units import KCAL_PER_MOL, Quantity, read_unit
from ipip.errors import InputError

FORCE = units.Hartree / units.Bohr


def file_of(path: Path, header: str, lattice: str = 'Lattice="5 0 0 0 5 0 0 0 5"') -> Path:
    """Write one frame with energy -1, a force of 1 and a distance of 2, in any units."""
    path.write_text(
        f"2\n{lattice} Properties=species:S:1:pos:R:3:forces:R:3 energy=-1.0 {header}\n"
        "Mo 0 0 0 1 0 0\nS 2 0 0 -1 0 0\n"
    )
    return path


@pytest.mark.parametrize(
    ("text", "quantity", "factor"),
    [
        ("eV", "energy", 1.0),
        ("Hartree", "energy", units.Hartree),
        ("a.u.", "energy", units.Hartree),
        ("Ry", "energy", units.Rydberg),
        ("kcal/mol", "energy", KCAL_PER_MOL),
        ("kcal mol^-1", "energy", KCAL_PER_MOL),
        ("kJ/mol", "energy", units.kJ / units.mol),
        ("Ha/Bohr", "forces", FORCE),
        ("au", "forces", FORCE),
        ("hartree bohr^-1", "forces", FORCE),
        ("(kcal/mol)/Å", "forces", KCAL_PER_MOL),
        ("kcal mol-1 A-1", "forces", KCAL_PER_MOL),
        ("kJ/mol/nm", "forces", units.kJ / units.mol / 10),
        ("eV per Angstrom", "forces", 1.0),
        ("GPa", "stress", units.GPa),
        ("kB", "stress", 0.1 * units.GPa),
        ("eV/Ang^3", "stress", 1.0),
        ("eV/A**3", "stress", 1.0),
        ("hartree/bohr3", "stress", units.Hartree / units.Bohr**3),
        ("bohr", "length", units.Bohr),
        ("nm", "length", 10.0),
    ],
)
def test_a_unit_is_read_in_its_usual_spellings(
    text: str, quantity: Quantity, factor: float
) -> None:
    unit = read_unit(text, quantity)
    assert unit is not None and unit.factor == pytest.approx(factor, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("eV/atom", "energy"),
        ("kcal", "energy"),
        ("hartree", "forces"),
        ("GPa", "energy"),
        ("eV/Å^2", "stress"),
        ("furlong", "length"),
        ("eV mol", "energy"),
        ("", "energy"),
    ],
)
def test_an_unknown_unit_of_a_quantity_is_none(text: str, quantity: Quantity) -> None:
    assert read_unit(text, quantity) is None


@pytest.mark.parametrize(
    "header",
    [
        "energy-unit=hartree force-unit=hartree/bohr",
        "energy_unit=Ha forces_units=Ha/a0",
        "unit_energy=hartree unit_of_forces=au",
        'units="hartree hartree/bohr"',
    ],
)
def test_stated_units_are_converted_and_do_not_stay(
    header: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (frame,) = read_frames(file_of(tmp_path / "a.xyz", header))
    assert frame.energy == pytest.approx(-units.Hartree)
    assert frame.forces is not None and frame.forces[0, 0] == pytest.approx(FORCE)
    assert frame.info == {}  # written again, they are eV
    assert "converted to eV and Å" in caplog.text


def test_lengths_and_stresses_are_converted_too(tmp_path: Path) -> None:
    header = 'stress="1 2 3 0 0 0" stress-unit=GPa length-unit=bohr'
    (frame,) = read_frames(file_of(tmp_path / "a.xyz", header))
    assert frame.positions[1, 0] == pytest.approx(2 * units.Bohr)
    assert frame.volume == pytest.approx((5 * units.Bohr) ** 3)
    assert frame.stress is not None and frame.stress[1, 1] == pytest.approx(2 * units.GPa)
    assert frame.energy == -1.0


@pytest.mark.parametrize(
    ("header", "keys", "message"),
    [
        ("energy-unit=hartree", {}, "but not the unit of its forces; add force-unit=hartree/bohr"),
        ("energy_unit=eV/atom", {}, "energy_unit=eV/atom, which is no unit of energies"),
        ("units=lj", {}, "states units=lj, which is unknown; set keys.units"),
        ("energy-unit=kcal/mol", {"units": "hartree"}, "but keys.units is hartree; remove"),
        ("energy-unit=hartree", {"units": "eV"}, "but keys.units is eV; remove"),
        ("length-unit=furlong", {"units": "eV"}, "no unit of positions"),
        ('stress="1 1 1 0 0 0" stress-unit=psi', {}, "no unit of stress"),
    ],
)
def test_units_that_are_unknown_or_contradict_the_settings_are_refused(
    header: str, keys: dict[str, str], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read_frames(file_of(tmp_path / "a.xyz", header), DataKeys.model_validate(keys))


def test_units_that_only_some_frames_state_are_refused(tmp_path: Path) -> None:
    stated = file_of(tmp_path / "a.xyz", 'units="hartree hartree/bohr"').read_text()
    silent = file_of(tmp_path / "b.xyz", "").read_text()
    (tmp_path / "c.xyz").write_text(stated + silent)
    with pytest.raises(InputError, match="frame 1: states no units, but frame 0 does"):
        read_frames(tmp_path / "c.xyz")
    metal = file_of(tmp_path / "d.xyz", "units=metal").read_text()
    (tmp_path / "c.xyz").write_text(silent + metal)  # both in eV
    assert len(read_frames(tmp_path / "c.xyz")) == 2


def test_a_unit_of_a_label_that_is_not_read_is_no_matter(tmp_path: Path) -> None:
    path = file_of(tmp_path / "a.xyz", "stress-unit=psi dipole_unit=debye unit_cell=p unit_id=3")
    (frame,) = read_frames(path)
    assert frame.energy == -1.0
    assert frame.info == {"dipole_unit": "debye", "unit_cell": "p", "unit_id": 3}


def test_the_settings_read_forces_per_angstrom_where_only_the_energy_is_stated(
    tmp_path: Path,
) -> None:
    path = file_of(tmp_path / "a.xyz", "energy-unit=kcal/mol")
    (frame,) = read_frames(path, DataKeys(units="kcal/mol"))
    assert frame.forces is not None and frame.forces[0, 0] == pytest.approx(KCAL_PER_MOL)


def test_a_label_under_its_own_name_has_its_own_unit(tmp_path: Path) -> None:
    header = "REF_energy=-2.0 REF_energy_unit=hartree forces_unit=eV/Å"
    (frame,) = read_frames(file_of(tmp_path / "a.xyz", header), DataKeys(energy="REF_energy"))
    assert frame.energy == pytest.approx(-2 * units.Hartree)
    assert frame.forces is not None and frame.forces[0, 0] == 1.0


def test_a_database_of_schnetpack_states_its_units_in_its_metadata(tmp_path: Path) -> None:
    atoms = Atoms("OH", [[0, 0, 0], [1.0, 0, 0]])
    with ase.db.connect(tmp_path / "a.db") as database:
        database.metadata = {
            "_distance_unit": "Ang",
            "_property_unit_dict": {"U0": "kcal/mol", "F": "kcal/mol/Ang", "mu": "Debye"},
        }
        database.write(atoms, data={"U0": np.array([-2.0]), "F": np.ones((2, 3))})
    (frame,) = read_frames(tmp_path / "a.db", DataKeys(energy="U0", forces="F"))
    assert frame.energy == pytest.approx(-2 * KCAL_PER_MOL)
    assert frame.forces is not None and np.allclose(frame.forces, KCAL_PER_MOL)
