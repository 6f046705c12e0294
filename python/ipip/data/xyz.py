"""Extended XYZ files: layout check, reading by ASE, writing without loss."""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from ase.data import chemical_symbols
from ase.io.extxyz import key_val_str_to_dict
from ase.io.extxyz import read_xyz as frames_of

from ipip.data.frame import Frame
from ipip.data.parsed import ParsedFrame, from_atoms, plain
from ipip.errors import InputError

_PASSED = "--passed-by-ase"
_MATRIX_KEY = re.compile(r"(?<!\S)(stress|virial)(\s*=)")
RESERVED = ("energy", "forces", "stress", "config_weight", "Lattice", "Properties", "pbc")


def read_xyz(path: Path) -> list[ParsedFrame]:
    """Read every frame of an extended XYZ file.

    Raises:
        InputError: the file cannot be read, is truncated, or a frame is malformed (named).
    """
    return list(iterate_xyz(path))


def iterate_xyz(path: Path) -> Iterator[ParsedFrame]:
    """Yield the frames of `read_xyz` one by one, after a check of the whole file's layout."""
    starts = _check_layout(path)
    count = 0
    with _opened(path) as file:
        frames = frames_of(file, slice(None), properties_parser=_comment_values)
        while True:
            try:
                parsed = from_atoms(next(frames))
            except StopIteration:
                return
            except Exception as error:  # ASE raises many kinds on malformed text
                line = starts[count] if count < len(starts) else starts[-1]
                reason = " ".join(str(error).split()) or type(error).__name__
                raise InputError(
                    f"{path}: frame {count} (line {line}) cannot be read as extended XYZ: {reason}"
                ) from None
            count += 1
            yield parsed


def _comment_values(comment: str) -> dict[str, Any]:
    """Return the values of a comment line.

    ASE expects `stress` and `virial` to be matrices of nine numbers, and fails on anything else,
    such as xx yy zz yz xz xy. They pass under another name and are interpreted with the labels.
    """
    values: dict[str, Any] = key_val_str_to_dict(_MATRIX_KEY.sub(rf"\1{_PASSED}\2", comment))
    for key, value in values.items():
        if isinstance(value, str):
            values[key] = value.replace(_PASSED, "")
    for key in ("stress", "virial"):
        if f"{key}{_PASSED}" in values:
            value = np.asarray(values.pop(f"{key}{_PASSED}"))
            values[key] = value.reshape((3, 3), order="F") if value.size == 9 else value
    return values


def _check_layout(path: Path) -> list[int]:
    """Return the first line of each frame (from 1)."""
    starts: list[int] = []
    try:
        with _opened(path) as file:
            number = 0
            while header := file.readline():
                number += 1
                if not header.strip():
                    if file.read().strip():
                        raise InputError(
                            f"{path}: line {number} is empty but more follows; expected the "
                            "number of atoms of the next frame"
                        )
                    break
                if not header.strip().isdigit():
                    raise InputError(
                        f"{path}: line {number} is {header.strip()[:40]!r}; expected the number "
                        "of atoms of a frame (extended XYZ)"
                    )
                n = int(header)
                if n == 0:
                    raise InputError(f"{path}: frame {len(starts)} (line {number}) has no atoms")
                starts.append(number)
                got = sum(1 for _, _line in zip(range(n + 1), file, strict=False))
                number += got
                if got < n + 1:
                    raise InputError(
                        f"{path}: ends in the middle of frame {len(starts) - 1} (it starts at line "
                        f"{starts[-1]} and has {max(got - 1, 0)} of {n} atoms); the file is "
                        "truncated"
                    )
    except UnicodeDecodeError:
        raise InputError(f"{path}: is not text; expected extended XYZ") from None
    except (EOFError, zlib.error):
        raise InputError(f"{path}: the compressed text is truncated or damaged") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror or error}") from None
    return starts


def _opened(path: Path) -> TextIO:
    """Open the text of a file, which may be compressed (`.gz`)."""
    if path.suffix.lower() == ".gz":
        return gzip.open(path, "rt", encoding="utf-8")
    return open(path, encoding="utf-8")


def format_xyz(frames: Iterable[Frame]) -> str:
    """Return frames as extended XYZ text; every number reads back to the same float64.

    Raises:
        InputError: a frame's info has a key that the format reserves, or a value that is not plain.
    """
    return "".join(xyz_texts(frames))


def xyz_texts(frames: Iterable[Frame]) -> Iterator[str]:
    """Yield the text of `format_xyz` frame by frame."""
    return (_format_frame(index, frame) for index, frame in enumerate(frames))


def _format_frame(index: int, frame: Frame) -> str:
    comment: list[str] = []
    if np.any(frame.cell):
        comment.append(f'Lattice="{_numbers(frame.cell)}"')
    columns = [frame.positions]
    properties = "species:S:1:pos:R:3"
    if frame.forces is not None:
        properties += ":forces:R:3"
        columns.append(frame.forces)
    for name, values in frame.arrays.items():
        array = values.reshape(len(frame), -1)
        properties += f":{name}:{'I' if name == 'tags' else 'R'}:{array.shape[1]}"
        columns.append(array)
    comment.append(f"Properties={properties}")
    if frame.energy is not None:
        comment.append(f"energy={float(frame.energy)!r}")
    if frame.stress is not None:
        comment.append(f'stress="{_numbers(frame.stress.T)}"')
    if frame.weight != 1.0:
        comment.append(f"config_weight={float(frame.weight)!r}")
    for key, value in frame.info.items():
        if key in RESERVED:
            raise InputError(f"frame {index}: info has the key {key!r}, which files use for labels")
        comment.append(f"{_escape(str(key))}={_format_value(index, str(key), plain(value))}")
    comment.append('pbc="{} {} {}"'.format(*("T" if flag else "F" for flag in frame.pbc)))
    rows = [
        " ".join([chemical_symbols[number], *(repr(x) for row in rows for x in row)])
        for number, *rows in zip(
            frame.numbers.tolist(), *(column.tolist() for column in columns), strict=True
        )
    ]
    return "\n".join([str(len(frame)), " ".join(comment), *rows]) + "\n"


def _numbers(values: Any) -> str:
    return " ".join(repr(float(value)) for value in np.asarray(values).ravel())


def _format_value(index: int, key: str, value: Any) -> str:
    """Format a value in the short form if that reads back the same, else as JSON."""
    if isinstance(value, bool):
        return "T" if value else "F"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str) and value and "\n" not in value and not value.startswith("_JSON"):
        text = _escape(value)
        back = key_val_str_to_dict(f"value={text}").get("value")
        if isinstance(back, str) and back == value:
            return text
    try:
        return _escape("_JSON " + json.dumps(value))
    except TypeError:
        raise InputError(
            f"frame {index}: info[{key!r}] is a {type(value).__name__}; expected numbers, text "
            "or lists"
        ) from None


def _escape(text: str) -> str:
    if any(char in " \t=\"'{}[]\\," for char in text):
        text = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{text}"'
    return text
