"""Reading and writing labelled frames of any file format."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ipip.config.data import DataFile, DataKeys
from ipip.data.database import read_database, write_database
from ipip.data.frame import Frame
from ipip.data.frame_filter import filter_frames
from ipip.data.labels import Remarks, frames_from_parsed
from ipip.data.parsed import ParsedFrame
from ipip.data.sgdml import read_sgdml
from ipip.data.store import FrameStore, write_store
from ipip.data.view import joined
from ipip.data.xyz import iterate_xyz, read_xyz, xyz_texts
from ipip.errors import InputError
from ipip.storage.atomic import replaced_file

XYZ_SUFFIXES = (".xyz", ".extxyz")
DATABASE_SUFFIXES = (".db",)
SGDML_SUFFIXES = (".npz",)  # read, not written
STORE_SUFFIXES = (".lmdb",)
log = logging.getLogger(__name__)
KNOWN_SUFFIXES = XYZ_SUFFIXES + DATABASE_SUFFIXES + SGDML_SUFFIXES + STORE_SUFFIXES
PART = 500  # frames of a long file that are in memory together


def read_frames(
    path: Path | str,
    keys: DataKeys | None = None,
    *,
    require: Sequence[str] = ("energy", "forces"),
    stress_counts: bool = False,
) -> list[Frame]:
    """Read and check all frames of a file.

    Args:
        path: extended XYZ (`.xyz`, `.extxyz`), ASE database (`.db`), sGDML archive (`.npz`) or
            store (`.lmdb`).
        keys: names of the labels; by default those that `write_frames` uses.
        require: labels that every frame must have; `()` also reads bare structures.
        stress_counts: whether stresses are used, so that one that is not finite is an error; else
            it is not read, with a warning in the log.

    Returns:
        The frames in the file's order: energy eV, forces eV/Å, stress eV/Å^3 (ASE's sign),
        whatever the file's keys and units were. Frames of a single atom without forces get zero
        forces; stresses of frames that are not periodic in three directions are not read, with a
        warning in the log.

    Raises:
        InputError: missing, unreadable or empty file, missing keys (the message lists the
            existing ones), wrong shapes, non-finite values, unknown units.
    """
    path = Path(path)
    suffix = _existing(path)
    if suffix in STORE_SUFFIXES:
        return list(_open_store(path, keys or DataKeys(), require))
    remarks = Remarks()
    frames = frames_from_parsed(
        parse_frames(path),
        keys or DataKeys(),
        str(path),
        require,
        remarks=remarks,
        stress_counts=stress_counts,
    )
    _log(path, remarks)
    return frames


def parse_frames(path: Path) -> list[ParsedFrame]:
    """Return the frames of a file other than a store, before their labels are read.

    Raises:
        InputError: missing, unreadable or empty file.
    """
    suffix = _existing(path)
    if suffix in SGDML_SUFFIXES:
        parsed = read_sgdml(path)
    else:
        parsed = read_xyz(path) if suffix in XYZ_SUFFIXES else read_database(path)
    if not parsed:
        raise InputError(f"{path}: holds no frames; expected at least one")
    return parsed


def _log(path: Path, remarks: Remarks) -> None:
    for line in remarks.lines():
        log.warning("%s: %s", path, line)


def open_frames(
    path: Path | str,
    keys: DataKeys | None = None,
    *,
    require: Sequence[str] = ("energy", "forces"),
    stress_counts: bool = False,
) -> Sequence[Frame]:
    """Return the frames of a file like `read_frames`, but leave those of a store on the disk."""
    path = Path(path)
    if _existing(path) in STORE_SUFFIXES:
        return _open_store(path, keys or DataKeys(), require)
    return read_frames(path, keys, require=require, stress_counts=stress_counts)


def iterate_frames(
    path: Path | str,
    keys: DataKeys | None = None,
    *,
    require: Sequence[str] = ("energy", "forces"),
    remarks: Remarks | None = None,
) -> Iterator[Frame]:
    """Yield the frames of a file like `read_frames`, with few of them in memory at a time.

    Warnings go into `remarks`, or into the log if they are None.
    """
    path = Path(path)
    keys, found = keys or DataKeys(), Remarks() if remarks is None else remarks
    suffix = _existing(path)
    if suffix in STORE_SUFFIXES:
        yield from _open_store(path, keys, require)
    elif suffix in XYZ_SUFFIXES:
        yield from frames_in_parts(iterate_xyz(path), keys, str(path), require, found)
    else:
        yield from frames_from_parsed(parse_frames(path), keys, str(path), require, remarks=found)
    if remarks is None:
        _log(path, found)


def frames_in_parts(
    parsed: Iterable[ParsedFrame],
    keys: DataKeys,
    source: str,
    require: Sequence[str],
    remarks: Remarks,
) -> Iterator[Frame]:
    """Read the labels of frames some hundred at a time; see `frames_from_parsed`.

    Raises:
        InputError: there are no frames, or labels are wrong or missing.
    """
    first, frames = 0, iter(parsed)
    while part := list(itertools.islice(frames, PART)):
        yield from frames_from_parsed(part, keys, source, require, first, remarks=remarks)
        first += len(part)
    if first == 0:
        raise InputError(f"{source}: holds no frames; expected at least one")


def read_files(
    files: Sequence[DataFile],
    *,
    require: Sequence[str] = ("energy", "forces"),
    stress_counts: bool = False,
) -> Sequence[Frame]:
    """Pool the selected frames of several files, each with its keys; stores stay on disk.

    Args:
        files: paths, with keys and selection of each.
        require: labels that each frame must have, of `energy`, `forces` and `stress`.
        stress_counts: whether stresses are used, as in `read_frames`.

    Raises:
        InputError: as `read_frames`.
    """
    pooled = []
    for file in files:
        frames = open_frames(file.path, file.keys, require=require, stress_counts=stress_counts)
        pooled.append(filter_frames(frames, file.where, str(file.path)))
    return joined(*pooled)


def write_frames(path: Path | str, frames: Iterable[Frame]) -> None:
    """Write frames under the keys `energy`, `forces`, `stress`; the file appears complete or not.

    `read_frames` restores numbers, positions, cell, labels, weight and info exactly (a stress
    tensor: its symmetric form, in a store the tensor; tuples and arrays in info come back as
    lists).

    Args:
        path: its suffix selects the format.
        frames: what to write, in order.

    Raises:
        InputError: unknown suffix, or info that cannot be written.
    """
    path = Path(path)
    suffix = _known_suffix(path)
    if suffix in STORE_SUFFIXES:
        write_store(path, frames)
        return
    with replaced_file(path) as temporary:
        if suffix in XYZ_SUFFIXES:
            with open(temporary, "w", encoding="utf-8") as file:
                file.writelines(xyz_texts(frames))
        else:
            write_database(temporary, frames)


def _open_store(path: Path, keys: DataKeys, require: Sequence[str]) -> FrameStore:
    store = FrameStore(path)
    if len(store) == 0:
        raise InputError(f"{path}: holds no frames; expected at least one")
    for label in require:
        there = store.meta["labels"][label]
        if there < len(store):
            raise InputError(
                f"{path}: {len(store) - there} of {len(store)} frames have no {label}; write the "
                "store again without them"
            )
    if keys.group is not None and keys.group not in store[0].info:
        raise InputError(
            f"{path}: frame 0 has no group {keys.group!r}; its keys are: "
            f"{', '.join(sorted(store[0].info)) or 'none'}"
        )
    return store


def _existing(path: Path) -> str:
    suffix = _known_suffix(path, SGDML_SUFFIXES)
    if not path.exists():
        raise InputError(f"{path}: no such file; expected a file of labelled frames")
    if not path.is_file():
        raise InputError(f"{path}: is not a file; expected a file of labelled frames")
    return suffix


def _known_suffix(path: Path, read_only: tuple[str, ...] = ()) -> str:
    suffix = path.suffix.lower()
    if suffix not in XYZ_SUFFIXES + DATABASE_SUFFIXES + STORE_SUFFIXES + read_only:
        also = f", {', '.join(read_only)} (sGDML archive)" if read_only else ""
        raise InputError(
            f"{path}: unknown file format; expected {', '.join(XYZ_SUFFIXES)} (extended XYZ), "
            f"{', '.join(DATABASE_SUFFIXES)} (ASE database){also} or "
            f"{', '.join(STORE_SUFFIXES)} (store)"
            + ("; `ipip convert` reads outputs of other programs" if read_only else "")
        )
    return suffix
