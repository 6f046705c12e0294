"""The safetensors layout: named arrays as plain data.

Eight bytes with the length of a JSON header, the header with types, shapes and offsets, then the
arrays' bytes without gaps (https://huggingface.co/docs/safetensors). In C++:
`cpp/src/model/safetensors.cpp`.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np

from ipip.export.strict_json import parse_json

Arrays = dict[str, np.ndarray]

TYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}
LONGEST_HEADER = 4 << 20  # bytes; a student has about 10 KB
MOST_EXTENTS = 8
LENGTH = struct.Struct("<Q")


def to_safetensors(
    arrays: Mapping[str, np.ndarray], texts: Mapping[str, str] | None = None
) -> bytes:
    """Return arrays of float32 and float64 as one record, wider types first, so all are aligned.

    Args:
        arrays: by name.
        texts: additional texts, by name.
    """
    names = {dtype: name for name, dtype in TYPES.items()}
    header: dict[str, dict[str, Any]] = {} if texts is None else {"__metadata__": dict(texts)}
    parts, end = [], 0
    for name in sorted(arrays, key=lambda name: (-arrays[name].itemsize, name)):
        data = np.ascontiguousarray(arrays[name]).tobytes()
        header[name] = {
            "dtype": names[arrays[name].dtype],
            "shape": list(arrays[name].shape),
            "data_offsets": [end, end + len(data)],
        }
        parts.append(data)
        end += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return b"".join([LENGTH.pack(len(text)), text, *parts])


def from_safetensors(data: bytes) -> Arrays:
    """Return the arrays of a record, as copies.

    Raises:
        ValueError: the header or an offset in it is wrong, or a type is not F32 or F64.
    """
    header, begin = _header(data)
    arrays, places = {}, []
    total = 0
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        dtype, shape, (first, last) = _entry(name, entry, len(data) - begin)
        total += last - first
        if total > len(data) - begin:
            raise ValueError("arrays overlap")  # before they are copied
        raw = np.frombuffer(data, dtype, math.prod(shape), begin + first)
        arrays[name] = raw.reshape(shape).copy()
        places.append((first, last))
    end = 0
    for first, last in sorted(places):
        if first != end:
            raise ValueError("arrays overlap, or there is a gap between two")
        end = last
    if end != len(data) - begin:
        raise ValueError("bytes outside of all arrays")
    return arrays


def texts_of(data: bytes) -> dict[str, str]:
    """Return the additional texts of a record.

    Raises:
        ValueError: the header is wrong.
    """
    texts = _header(data)[0].get("__metadata__", {})
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        raise ValueError("__metadata__ holds values that are not texts")
    return texts


def _header(data: bytes) -> tuple[dict[str, Any], int]:
    """Return the header, and the offset of the first byte after it."""
    if len(data) < LENGTH.size:
        raise ValueError("the length of the header is missing")
    (length,) = LENGTH.unpack_from(data)
    if length > min(LONGEST_HEADER, len(data) - LENGTH.size):
        raise ValueError(
            f"the header has {length} bytes, expected at most "
            f"{min(LONGEST_HEADER, len(data) - LENGTH.size)}"
        )
    begin = LENGTH.size + length
    header = parse_json(data[LENGTH.size : begin].decode())
    if not isinstance(header, dict):
        raise ValueError("the header is not a JSON object")
    return header, begin


def _entry(
    name: str, entry: Any, room: int
) -> tuple[np.dtype[Any], tuple[int, ...], tuple[int, int]]:
    kind = entry.get("dtype") if isinstance(entry, dict) else None
    if kind not in TYPES:
        raise ValueError(f"array {name[:60]} has dtype {str(kind)[:60]}, expected F32 or F64")
    shape, place = entry.get("shape"), entry.get("data_offsets")
    for values in (shape, place):
        if not isinstance(values, list) or not all(type(v) is int and v >= 0 for v in values):
            raise ValueError(
                f"array {name[:60]} has {str(values)[:60]}, expected whole numbers, 0 or more"
            )
    if len(shape) > MOST_EXTENTS or any(extent > room for extent in shape):
        raise ValueError(f"array {name[:60]} has shape {str(shape)[:60]}, more than its bytes")
    size = math.prod(shape) * TYPES[kind].itemsize
    if len(place) != 2 or place[1] - place[0] != size or place[1] > room:
        raise ValueError(
            f"array {name[:60]} of shape {str(shape)[:60]} has data_offsets {str(place)[:60]}, "
            f"expected {size} bytes among {room}"
        )
    return TYPES[kind], tuple(shape), (place[0], place[1])
