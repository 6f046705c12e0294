"""Frames of AIMD-Chig as published: multi-frame XYZ files written by ORCA.

Wang et al., Scientific Data 10, 549 (2023), doi:10.6084/m9.figshare.22786730:

    Coordinates/K/Coordinates_A.xyz   frames with a header
        # ORCA AIMD Position Step 26, t=26.00 fs, E_Pot=-4511.60955077 Hartree, Unit is Angstrom
    Force/K/Force_A.xyz               # ORCA AIMD Force Step 26, ..., Unit is Hartree/Angstrom
    Split/random.npz                  train_id, val_id, test_id: [frames, 3] rows (K, A, frame)
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers

from ipip.data import Frame
from ipip.data.units import EV_PER
from ipip.errors import InputError

FloatArray = npt.NDArray[np.float64]
HEADER = re.compile(r"Step\s+(\d+).*E_Pot\s*=\s*(\S+)\s+Hartree")
ENERGY_AGREES = 1e-6  # Hartree


def read_identities(folder: Path) -> npt.NDArray[np.int64]:
    """Return [frames, 3] rows (subfolder, anchor, frame) of all frames that a split names, sorted.

    Args:
        folder: the unpacked data set.

    Raises:
        InputError: no split, or one that cannot be read.
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


@dataclasses.dataclass
class Reading:
    """Counts of the frames read.

    Attributes:
        frames: number of frames read.
        headers_differ: frames whose force file states another energy in its header than the
            coordinate file, whose energy is used.
    """

    frames: int = 0
    headers_differ: int = 0


def read_labels(
    folder: Path, rows: npt.NDArray[np.int64], said: Reading | None = None
) -> Iterator[Frame]:
    """Yield frames with energies (eV) and forces (eV/Å), file by file.

    Args:
        folder: the unpacked data set.
        rows: [frames, 3] rows to read, sorted (see `read_identities`).
        said: updated while frames are read.

    Raises:
        InputError: a file is missing or does not fit.
    """
    said = said or Reading()
    coordinates = _files(folder, "Coordinates")
    forces = _files(folder, "Force")
    numbers: npt.NDArray[np.int64] | None = None
    starts = np.flatnonzero(np.any(np.diff(rows[:, :2], axis=0, prepend=-1), axis=1))
    for group in np.split(rows, starts[1:]):
        key = (int(group[0, 0]), int(group[0, 1]))
        here, there = _file(coordinates, key, "Coordinates"), _file(forces, key, "Force")
        wanted = group[:, 2].tolist()
        for index, own, other in zip(
            wanted, _read(here, wanted), _read(there, wanted), strict=True
        ):
            numbers = own.numbers if numbers is None else numbers
            if not (
                np.array_equal(own.numbers, numbers) and np.array_equal(own.numbers, other.numbers)
            ):
                raise InputError(f"{here}: its atoms differ from the other files'")
            if own.step != other.step:
                raise InputError(
                    f"{there}: has step {other.step} where {here.name} has step {own.step}"
                )
            said.frames += 1
            said.headers_differ += abs(own.energy - other.energy) > ENERGY_AGREES
            yield Frame(
                numbers=own.numbers,
                positions=own.values,
                cell=np.zeros((3, 3)),
                pbc=np.zeros(3, dtype=bool),
                energy=own.energy * EV_PER["hartree"],
                forces=other.values * EV_PER["hartree"],
                info={"conformation": f"{key[0]}/{key[1]}/{index}"},
            )


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


@dataclasses.dataclass(frozen=True)
class _Block:
    """A frame of one file: atomic numbers [n], values [n, 3], step, energy (Hartree)."""

    numbers: npt.NDArray[np.int64]
    values: FloatArray
    step: int
    energy: float


def _read(path: Path, wanted: list[int]) -> Iterator[_Block]:
    lines = path.read_text(encoding="utf-8").splitlines()
    if not lines or not lines[0].strip().isdigit():
        raise InputError(f"{path}: line 1 is not a number of atoms; expected an XYZ file of ORCA")
    n = int(lines[0])
    for frame in wanted:
        first = frame * (n + 2)
        block = lines[first : first + n + 2]
        where = f"{path}: frame {frame} (line {first + 1})"
        if len(block) < n + 2:
            raise InputError(f"{where} is missing: the file has {len(lines) // (n + 2)} frames")
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
        yield _Block(numbers, values, int(header[1]), energy)
