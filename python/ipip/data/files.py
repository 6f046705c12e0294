"""Reading and writing labelled frames, whatever the file format."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.config.data import DataFile, DataKeys
from ipip.data.atomic import replaced_file
from ipip.data.database import read_database, write_database
from ipip.data.frame import Frame
from ipip.data.labels import frames_from_parsed
from ipip.data.sgdml import read_sgdml
from ipip.data.xyz import format_xyz, read_xyz
from ipip.errors import InputError

XYZ_SUFFIXES = (".xyz", ".extxyz")
DATABASE_SUFFIXES = (".db",)
SGDML_SUFFIXES = (".npz",)  # read, not written


def read_frames(
    path: Path | str,
    keys: DataKeys | None = None,
    *,
    require: Sequence[str] = ("energy", "forces"),
) -> list[Frame]:
    """Read and check all frames of a file.

    Args:
        path: extended XYZ (`.xyz`, `.extxyz`), ASE database (`.db`) or sGDML archive (`.npz`).
        keys: names of the labels; by default those that `write_frames` uses.
        require: labels that every frame must have; `()` reads bare structures too.

    Returns:
        The frames in the file's order: energy eV, forces eV/Å, stress eV/Å^3 (ASE's sign),
        whatever the file's keys were. Frames of a single atom without forces get zero forces.

    Raises:
        InputError: missing, unreadable or empty file, missing keys (the message lists those that
            are there), wrong shapes, values that are not finite.
    """
    path = Path(path)
    suffix = _known_suffix(path, SGDML_SUFFIXES)
    if not path.exists():
        raise InputError(f"{path}: no such file; expected a file of labelled frames")
    if not path.is_file():
        raise InputError(f"{path}: is not a file; expected a file of labelled frames")
    if suffix in SGDML_SUFFIXES:
        parsed = read_sgdml(path, (keys or DataKeys()).units)
    else:
        parsed = read_xyz(path) if suffix in XYZ_SUFFIXES else read_database(path)
    if not parsed:
        raise InputError(f"{path}: holds no frames; expected at least one")
    return frames_from_parsed(parsed, keys or DataKeys(), str(path), require)


def read_files(
    files: Sequence[DataFile], *, require: Sequence[str] = ("energy", "forces")
) -> list[Frame]:
    """Read and pool the frames of several files, each with its own keys."""
    return [frame for file in files for frame in read_frames(file.path, file.keys, require=require)]


def write_frames(path: Path | str, frames: Sequence[Frame]) -> None:
    """Write frames under the keys `energy`, `forces`, `stress`; the file appears whole or not.

    `read_frames` restores numbers, positions, cell, labels and info exactly (a stress tensor: its
    symmetric form; tuples and arrays in info come back as lists).

    Raises:
        InputError: unknown suffix, or info that cannot be written.
    """
    path = Path(path)
    suffix = _known_suffix(path)
    with replaced_file(path) as temporary:
        if suffix in XYZ_SUFFIXES:
            temporary.write_text(format_xyz(frames), encoding="utf-8")
        else:
            write_database(temporary, frames)


def _known_suffix(path: Path, read_only: tuple[str, ...] = ()) -> str:
    suffix = path.suffix.lower()
    if suffix not in XYZ_SUFFIXES + DATABASE_SUFFIXES + read_only:
        also = f", {', '.join(read_only)} (sGDML archive)" if read_only else ""
        raise InputError(
            f"{path}: unknown kind of file; expected {', '.join(XYZ_SUFFIXES)} (extended XYZ), "
            f"{', '.join(DATABASE_SUFFIXES)} (ASE database){also}"
        )
    return suffix
