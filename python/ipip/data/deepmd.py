"""Folders of DeePMD-kit: raw text files, `set.*` folders of NumPy arrays, mixed types.

Energies are in eV, coordinates and boxes in Å, forces in eV/Å, virials in eV: minus the volume
times the stress. Nine numbers of a box are its three vectors, of a virial xx xy xz yx yy yz zx zy
zz.

Source: DeePMD-kit's documentation, "System" and "Prepare data with dpdata".
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ase import Atoms
from ase.data import atomic_numbers

from ipip.counts import counted
from ipip.data.labels import Remarks
from ipip.data.parsed import ParsedFrame
from ipip.errors import InputError

FloatArray = npt.NDArray[np.float64]
NEEDED = ("coord", "energy", "force")
READ = (*NEEDED, "box", "virial", "spin", "real_atom_types")


def deepmd_systems(folder: Path) -> list[Path]:
    """Return the folders of systems (those with a `type.raw`) in a folder, itself first."""
    return sorted(file.parent for file in folder.rglob("type.raw"))


def iterate_deepmd(folder: Path, symbols: list[str], remarks: Remarks) -> Iterator[ParsedFrame]:
    """Yield the labelled frames of every system in a folder.

    Args:
        folder: a system, or one that holds systems.
        symbols: element of each type, for systems without a `type_map.raw`; may be empty.
        remarks: receives what was read and what was discarded.

    Raises:
        InputError: no system, no energies or forces, or arrays that do not fit each other.
    """
    systems = deepmd_systems(folder)
    if not systems:
        raise InputError(
            f"{folder}: is a folder without a type.raw; expected a file, or a folder of DeePMD "
            "with type.raw and coord.raw or set.000/coord.npy"
        )
    unread: set[str] = set()
    for system in systems:
        yield from _System(system, symbols).frames(unread)
    remarks.others.append(
        f"read as {counted(len(systems), 'DeePMD system')}: energies and virials in "
        "eV, forces in eV/Å"
    )
    if unread:
        remarks.others.append(f"{', '.join(sorted(unread))} cannot be stored in a frame: not read")


class _System:
    """One system: the atoms' types, and sets of frames."""

    def __init__(self, folder: Path, symbols: list[str]) -> None:
        self.folder = folder
        self.types = self._text("type.raw").reshape(-1).astype(np.int64)
        self.names = self._type_map(symbols)
        self.open = (folder / "nopbc").exists()

    def _type_map(self, symbols: list[str]) -> list[str]:
        path = self.folder / "type_map.raw"
        names = path.read_text(encoding="utf-8").split() if path.is_file() else symbols
        if not names:
            raise InputError(
                f"{self.folder}: has no type_map.raw; name the element of each type in order with "
                "--type-map, such as --type-map Mo,S,O"
            )
        return names

    def frames(self, unread: set[str]) -> Iterator[ParsedFrame]:
        sets = sorted(self.folder.glob("set.*"))
        if not sets:
            yield from self._frames(self._raw(unread), self.folder)
        for path in sets:
            yield from self._frames(self._npy(path, unread), path)

    def _raw(self, unread: set[str]) -> dict[str, FloatArray]:
        arrays = {}
        for path in sorted(self.folder.glob("*.raw")):
            if path.stem in READ:
                arrays[path.stem] = self._text(path.name)
            elif path.stem not in ("type", "type_map"):
                unread.add(path.name)
        return arrays

    def _npy(self, folder: Path, unread: set[str]) -> dict[str, FloatArray]:
        arrays = {}
        for path in sorted(folder.glob("*.npy")):
            if path.stem not in READ:
                unread.add(path.name)
                continue
            try:
                arrays[path.stem] = np.load(path, allow_pickle=False)
            except (OSError, ValueError, EOFError) as error:
                raise InputError(f"{path}: cannot be read as a NumPy array: {error}") from None
        return arrays

    def _text(self, name: str) -> FloatArray:
        path = self.folder / name
        try:
            array: FloatArray = np.loadtxt(path, dtype=np.float64, ndmin=2)
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as rows of numbers: {error}") from None
        return array

    def _frames(self, arrays: dict[str, FloatArray], source: Path) -> Iterator[ParsedFrame]:
        for name in NEEDED:
            if name not in arrays:
                raise InputError(
                    f"{source}: has no {name} ({', '.join(sorted(arrays)) or 'nothing'} there); "
                    "labelled frames need coord, energy and force"
                )
        if not self.open and "box" not in arrays:
            raise InputError(
                f"{source}: has no box; a system that is not periodic has an empty file nopbc in "
                f"{self.folder}"
            )
        n, count = len(self.types), len(arrays["coord"])
        shaped = {"coord": (count, n, 3), "force": (count, n, 3), "energy": (count,)}
        shaped |= {"box": (count, 3, 3), "virial": (count, 3, 3), "spin": (count, n, 3)}
        shaped |= {"real_atom_types": (count, n)}
        shaped = {name: shape for name, shape in shaped.items() if name in arrays}
        fitted: dict[str, Any] = {}
        for name, shape in shaped.items():
            if arrays[name].size != np.prod(shape):
                raise InputError(
                    f"{source}: {name} has shape {arrays[name].shape}; expected {count} frames of "
                    f"{n} atoms (type.raw), {int(np.prod(shape))} numbers in all"
                )
            fitted[name] = arrays[name].reshape(shape)
        for index in range(count):
            yield self._frame(fitted, index, source)

    def _frame(self, arrays: dict[str, Any], index: int, source: Path) -> ParsedFrame:
        types = self.types
        if "real_atom_types" in arrays:
            types = arrays["real_atom_types"][index].astype(np.int64)
        there = types >= 0  # a mixed system fills frames up with atoms of type -1
        atoms = Atoms(
            numbers=[self._number(kind) for kind in types[there].tolist()],
            positions=arrays["coord"][index][there],
            cell=None if self.open else arrays["box"][index],
            pbc=not self.open,
        )
        per_frame = {"source": str(self.folder), "energy": float(arrays["energy"][index])}
        if "virial" in arrays:
            per_frame["virial"] = arrays["virial"][index].astype(np.float64)
        per_atom = {"forces": arrays["force"][index][there].astype(np.float64)}
        if "spin" in arrays:
            per_atom["initial_magmoms"] = arrays["spin"][index][there].astype(np.float64)
        return ParsedFrame(atoms, per_frame, per_atom)

    def _number(self, kind: int) -> int:
        if kind >= len(self.names):
            raise InputError(
                f"{self.folder}: has atoms of type {kind}, but only {len(self.names)} types are "
                f"named ({' '.join(self.names)}); correct type_map.raw or --type-map"
            )
        number = atomic_numbers.get(self.names[kind], 0)
        if number < 1:
            raise InputError(
                f"{self.folder}: type {kind} is called {self.names[kind]!r}, which is no chemical "
                "symbol; correct type_map.raw"
            )
        return number
