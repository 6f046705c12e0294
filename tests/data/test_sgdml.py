"""sGDML archives and files in other energy units."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import molecule
from ase.calculators.emt import EMT
from ase.io import write

from ipip.cli.main import main
from ipip.config.data import DataKeys
from ipip.data import read_frames
from ipip.errors import InputError

KCAL = units.kcal / units.mol
KEYS = DataKeys(energy="E", forces="F", units="kcal/mol")


@pytest.fixture
def water() -> tuple[Atoms, list[float], list[np.ndarray], list[np.ndarray]]:
    """Water in three configurations: the atoms, positions, energies, forces (eV, EMT)."""
    atoms = molecule("H2O")
    atoms.calc = EMT()
    start = atoms.positions.copy()
    rng = np.random.default_rng(2)
    energies, positions, forces = [], [], []
    for _ in range(3):
        atoms.positions = start + 0.05 * rng.normal(size=start.shape)
        energies.append(float(atoms.get_potential_energy()))
        positions.append(atoms.positions.copy())
        forces.append(atoms.get_forces())
    return atoms, energies, positions, forces


def archive(path: Path, water: tuple[Any, ...], **changes: Any) -> Path:
    atoms, energies, positions, forces = water
    arrays = {
        "z": atoms.numbers,
        "R": np.array(positions),
        "E": np.array(energies) / KCAL,
        "F": np.array(forces) / KCAL,
        "name": "water",
        "e_unit": "kcal/mol",
    }
    arrays |= changes
    np.savez(path, **{key: value for key, value in arrays.items() if value is not None})
    return path


@pytest.mark.parametrize("column", [False, True])
def test_an_archive_reads_in_ev(column: bool, water: tuple[Any, ...], tmp_path: Path) -> None:
    energies = np.array(water[1]) / KCAL
    path = archive(
        tmp_path / "a.npz", water, E=energies[:, None] if column else energies, theory=np.array({1})
    )
    frames = read_frames(path, KEYS)
    assert [frame.energy for frame in frames] == pytest.approx(water[1], abs=1e-12)
    for frame, positions, forces in zip(frames, water[2], water[3], strict=True):
        assert np.array_equal(frame.positions, positions)
        assert np.allclose(frame.forces, forces, rtol=0, atol=1e-12)
        assert not frame.pbc.any() and frame.info == {}


def test_a_lattice_is_given_by_columns(water: tuple[Any, ...], tmp_path: Path) -> None:
    columns = np.array([[8.0, 1, 0], [0, 8, 0], [0, 0, 8]])
    frame = read_frames(archive(tmp_path / "a.npz", water, lattice=columns), KEYS)[0]
    assert np.array_equal(frame.cell, columns.T) and frame.pbc.all()


@pytest.mark.parametrize(
    ("changes", "keys", "message"),
    [
        ({}, DataKeys(energy="E", forces="F", units="eV"), "e_unit=kcal/mol, but keys.units is eV"),
        (
            {"e_unit": "eV/atom"},
            DataKeys(energy="E", forces="F"),
            "e_unit=eV/atom, which is no unit",
        ),
        ({"r_unit": "furlong"}, KEYS, "f_unit=kcal/mol/furlong, which is no unit|r_unit=furlong"),
        ({}, DataKeys(units="kcal/mol"), "no frame has an energy under the key 'energy'"),
        ({"z": None}, KEYS, "has no array 'z' .there: E, F, R, e_unit, name.; expected an sGDML"),
        ({"z": np.array([8, 1])}, KEYS, r"R has shape \(3, 3, 3\); expected \[configurations, 2"),
        ({"F": np.zeros((3, 3, 2))}, KEYS, r"shape \(3, 2\); expected \(3, 3\)"),
    ],
)
def test_arrays_that_do_not_fit_are_reported(
    changes: dict[str, Any], keys: DataKeys, message: str, water: tuple[Any, ...], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read_frames(archive(tmp_path / "a.npz", water, **changes), keys)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04" + b"\x00" * 40])
def test_a_broken_archive_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(InputError, match="cannot be read as an sGDML archive"):
        read_frames(tmp_path / "a.npz", KEYS)


def test_units_hold_for_energies_forces_and_stress_of_any_file(tmp_path: Path) -> None:
    atoms = Atoms("MoS", [[0, 0, 0], [2.0, 0, 0]], cell=[5, 5, 4], pbc=True)
    atoms.info.update(E=-1.5, S=np.arange(1.0, 7.0))
    atoms.arrays["F"] = np.array([[1.0, 2, 3], [-1, -2, -3]])
    write(tmp_path / "a.xyz", atoms)
    (frame,) = read_frames(
        tmp_path / "a.xyz", DataKeys(energy="E", forces="F", stress="S", units="hartree")
    )
    assert frame.energy == pytest.approx(-1.5 * units.Hartree)
    assert frame.forces is not None and np.allclose(frame.forces, atoms.arrays["F"] * units.Hartree)
    assert frame.stress is not None and frame.stress[0, 0] == pytest.approx(units.Hartree)


def test_an_archive_converts_on_the_command_line(
    water: tuple[Any, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = archive(tmp_path / "a.npz", water)
    keys = ["--energy-key", "E", "--forces-key", "F"]
    target = str(tmp_path / "a.xyz")
    assert main(["convert", str(path), str(tmp_path / "b.xyz"), *keys]) == 0
    assert "states e_unit=kcal/mol, f_unit=kcal/mol/Å: converted" in capsys.readouterr().out
    assert main(["convert", str(path), target, *keys, "--units", "eV"]) == 2
    assert "states e_unit=kcal/mol, but keys.units is eV" in capsys.readouterr().err
    assert main(["convert", str(path), target, *keys, "--units", "kcal"]) == 2
    assert "--units is 'kcal'; expected one of: eV, kcal/mol, hartree" in capsys.readouterr().err
    assert main(["convert", str(path), target, *keys, "--units", "kcal/mol"]) == 0
    for name in ("a.xyz", "b.xyz"):
        found = read_frames(tmp_path / name)
        assert [frame.energy for frame in found] == pytest.approx(water[1], abs=1e-12)


def test_an_archive_in_atomic_units_reads_in_ev_and_angstrom(
    water: tuple[Any, ...], tmp_path: Path
) -> None:
    path = archive(
        tmp_path / "a.npz",
        water,
        R=np.array(water[2]) / units.Bohr,
        E=np.array(water[1]) / units.Hartree,
        F=np.array(water[3]) * units.Bohr / units.Hartree,
        e_unit="Hartree",
        r_unit="Bohr",
    )
    frames = read_frames(path, DataKeys(energy="E", forces="F"))
    assert [frame.energy for frame in frames] == pytest.approx(water[1], abs=1e-12)
    for frame, positions, forces in zip(frames, water[2], water[3], strict=True):
        assert np.allclose(frame.positions, positions, rtol=0, atol=1e-12)
        assert np.allclose(frame.forces, forces, rtol=0, atol=1e-12)
