"""Frames of AIMD-Chig as published: multi-frame XYZ files written by ORCA.

Wang et al., Scientific Data 10, 549 (2023), doi:10.6084/m9.figshare.22786730:

    Coordinates/K/Coordinates_A.xyz   frames with a header
        # ORCA AIMD Position Step 26, t=26.00 fs, E_Pot=-4511.60955077 Hartree, Unit is Angstrom
    Force/K/Force_A.xyz               # ORCA AIMD Force Step 26, ..., Unit is Hartree/Angstrom
    Split/random.npz                  train_id, val_id, test_id: [frames, 3] rows (K, A, frame)
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers

from ipip.data.atomic import replaced_file
from ipip.errors import InputError

FloatArray = npt.NDArray[np.float64]
HEADER = re.compile(r"Step\s+(\d+).*E_Pot\s*=\s*(\S+)\s+Hartree")
ENERGY_AGREES = 1e-6  # Hartree


def read_identities(folder: Path) -> npt.NDArray[np.int64]:
    """Return [frames, 3] rows (subfolder, anchor, frame) of all frames that a split names, sorted.

    Args:
        folder: the unpacked data set.

    Raises:
        InputError: no split, or one that is not understood.
    """
    found = sorted(folder.rglob("random.npz")) or sorted(folder.rglob("scaffold.npz"))
    if not found:
        raise InputError(
            f"{folder}: holds no Split/random.npz (nor scaffold.npz); expected AIMD-Chig, unpacked"
        )
    try:
        with np.load(found[0], allow_pickle=False) as archive:
            parts = [archive[key] for key in archive.files if key.endswith("_id")]
            rows = np.concatenate([np.asarray(part, np.int64).reshape(-1, 3) for part in parts])
    except (OSError, ValueError) as error:
        raise InputError(f"{found[0]}: is not a split of AIMD-Chig ({error})") from None
    return np.unique(rows, axis=0)


def write_archive(
    folder: Path,
    rows: npt.NDArray[np.int64],
    path: Path,
    progress: Callable[[int], None] | None = None,
) -> dict[str, int]:
    """Write frames as one sGDML archive: z, R (Å), E (Hartree), F (Hartree/Å), id.

    Args:
        folder: the unpacked data set.
        rows: [frames, 3] which ones, sorted (see `read_identities`).
        path: the archive (.npz); appears whole or not at all.
        progress: called with the number of frames that were read just now.

    Returns:
        `frames`, and in how many of them the `headers_differ`: the force file's header then states
        another energy than the coordinate file's, which is the one that is taken.

    Raises:
        InputError: a file is missing or does not fit.
    """
    coordinates = _files(folder, "Coordinates")
    forces = _files(folder, "Force")
    numbers: npt.NDArray[np.int64] | None = None
    positions, energies, gradients = [], [], []
    differ = 0
    starts = np.flatnonzero(np.any(np.diff(rows[:, :2], axis=0, prepend=-1), axis=1))
    for group in np.split(rows, starts[1:]):
        key = (int(group[0, 0]), int(group[0, 1]))
        pair = [
            _file(files, key, what)
            for files, what in ((coordinates, "Coordinates"), (forces, "Force"))
        ]
        wanted = group[:, 2].tolist()
        for here, there in zip(_read(pair[0], wanted), _read(pair[1], wanted), strict=True):
            own = here[0]
            if numbers is None:
                numbers = own
            if not (np.array_equal(own, numbers) and np.array_equal(own, there[0])):
                raise InputError(f"{pair[0]}: its atoms are not those of the other files")
            if here[2] != there[2]:
                raise InputError(
                    f"{pair[1]}: has step {there[2]} where {pair[0].name} has step {here[2]}"
                )
            differ += abs(here[3] - there[3]) > ENERGY_AGREES
            positions.append(here[1])
            energies.append(here[3])
            gradients.append(there[1])
        if progress is not None:
            progress(len(group))
    arrays: dict[str, Any] = {
        "z": numbers,
        "R": np.array(positions),
        "E": np.array(energies),
        "F": np.array(gradients),
        "id": rows,
        "e_unit": "hartree",
        "r_unit": "Ang",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(path) as temporary:
        np.savez(temporary, **arrays)
    return {"frames": len(rows), "headers_differ": int(differ)}


def _files(folder: Path, kind: str) -> dict[tuple[int, int], Path]:
    """Find the files of a kind by (subfolder, anchor), however deep they were unpacked."""
    found = {}
    for path in folder.rglob(f"{kind}_*.xyz"):
        anchor = path.stem.removeprefix(f"{kind}_")
        if anchor.isdigit() and path.parent.name.isdigit():
            found[int(path.parent.name), int(anchor)] = path
    if not found:
        raise InputError(
            f"{folder}: holds no {kind}_*.xyz in numbered folders; expected AIMD-Chig, unpacked"
        )
    return found


def _file(files: dict[tuple[int, int], Path], key: tuple[int, int], kind: str) -> Path:
    if key not in files:
        raise InputError(
            f"{kind}_{key[1]}.xyz in folder {key[0]} is missing, though the split names it; unpack "
            "all archives of the data set"
        )
    return files[key]


def _read(
    path: Path, wanted: list[int]
) -> Iterator[tuple[npt.NDArray[np.int64], FloatArray, int, float]]:
    """Yield atomic numbers [n], values [n, 3], step and energy (Hartree) of some frames."""
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].strip().isdigit():
        raise InputError(f"{path}: line 1 is not a number of atoms; expected an XYZ file of ORCA")
    n = int(lines[0])
    for frame in wanted:
        first = frame * (n + 2)
        block = lines[first : first + n + 2]
        where = f"{path}: frame {frame} (line {first + 1})"
        if len(block) < n + 2:
            raise InputError(f"{where} is not there: the file has {len(lines) // (n + 2)} frames")
        header = HEADER.search(block[1])
        if block[0].strip() != lines[0].strip() or header is None:
            raise InputError(
                f"{where}: expected {n} atoms and a header 'Step ... E_Pot=... Hartree', got "
                f"{block[1].strip()[:60]!r}"
            )
        words = [line.split() for line in block[2:]]
        try:
            numbers = np.array([atomic_numbers[word[0]] for word in words], np.int64)
            values = np.array([word[1:4] for word in words], np.float64).reshape(n, 3)
            energy = float(header[2])
        except (ValueError, KeyError, IndexError) as error:
            raise InputError(f"{where}: cannot be read: {error}") from None
        yield numbers, values, int(header[1]), energy
