"""The commands of examples/, run in this process, and frames of a peptide labelled by GFN2-xTB."""

from __future__ import annotations

import dataclasses
import importlib
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import ase.io
import numpy as np
import pytest
from ase import units

KCAL = units.kcal / units.mol


@pytest.fixture
def example(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str, str], ModuleType]]:
    """Import a module of a folder of examples/, as its command would see it."""
    before = set(sys.modules)

    def load(folder: str, module: str) -> ModuleType:
        monkeypatch.syspath_prepend(str(repository / "examples" / folder))
        return importlib.import_module(module)

    yield load
    for name in set(sys.modules) - before:
        if str(repository / "examples") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


@dataclasses.dataclass(frozen=True)
class Peptide:
    """Ac-Ala3-NHMe in `len(energies)` configurations, labelled by GFN2-xTB.

    Attributes:
        symbols: [n]; numbers: [n].
        positions: [frames, n, 3] Å; energies: [frames] eV; forces: [frames, n, 3] eV/Å.
    """

    symbols: list[str]
    numbers: np.ndarray
    positions: np.ndarray
    energies: np.ndarray
    forces: np.ndarray


@pytest.fixture(scope="session")
def peptide(repository: Path) -> Peptide:
    """Fourteen rattled configurations of the 42 atoms of MD22's tetrapeptide."""
    if find_spec("tblite") is None:
        pytest.skip("tblite, which labels the frames, is not installed: pip install 'ipip[xtb]'")
    from tblite.ase import TBLite

    atoms = ase.io.read(repository / "examples" / "md22" / "starts" / "Ac-Ala3-NHMe.xyz")
    atoms.calc = TBLite(method="GFN2-xTB", verbosity=0)
    rng = np.random.default_rng(11)
    start = atoms.positions.copy()
    positions, energies, forces = [], [], []
    for _ in range(14):
        atoms.positions = start + 0.03 * rng.normal(size=start.shape)
        positions.append(atoms.positions.copy())
        energies.append(atoms.get_potential_energy())
        forces.append(atoms.get_forces())
    return Peptide(
        atoms.get_chemical_symbols(),
        atoms.numbers.copy(),
        np.array(positions),
        np.array(energies),
        np.array(forces),
    )


@pytest.fixture
def md22_npz(peptide: Peptide, tmp_path: Path) -> Path:
    """The frames as MD22 publishes them: an sGDML archive in kcal/mol."""
    path = tmp_path / "md22_Ac-Ala3-NHMe.npz"
    np.savez_compressed(
        path,
        type="d",
        name="Ac-Ala3-NHMe",
        theory="GFN2-xTB",
        z=peptide.numbers.astype(np.uint8),
        R=peptide.positions,
        E=peptide.energies[:, None] / KCAL,
        F=peptide.forces / KCAL,
        r_unit="Ang",
        e_unit="kcal/mol",
        F_max=np.abs(peptide.forces / KCAL).max(),
    )
    return path
