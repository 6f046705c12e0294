"""Messages between ipip and a teacher's process.

A message is MAGIC, the length of a JSON header (little-endian uint32), the header, and then the
float64 arrays that the header's "arrays" lists as [name, shape]. Units: eV, Å, eV/Å, eV/Å^3, fs, K.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any, BinaryIO

import numpy as np

MAGIC = b"IPIPTCH1"


def pack(header: Mapping[str, Any], arrays: Mapping[str, Any] | None = None) -> bytes:
    """Return the bytes of one message; arrays are stored as little-endian float64."""
    stored = {k: np.ascontiguousarray(v, dtype="<f8") for k, v in (arrays or {}).items()}
    listing = [[name, list(array.shape)] for name, array in stored.items()]
    text = json.dumps({**header, "arrays": listing}).encode()
    parts = [MAGIC, struct.pack("<I", len(text)), text]
    return b"".join([*parts, *(array.tobytes() for array in stored.values())])


def unpack(read: Callable[[int], bytes]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Read one message; ``read(n)`` returns exactly n bytes or raises EOFError."""
    start = read(len(MAGIC) + 4)
    if start[: len(MAGIC)] != MAGIC:
        raise ValueError(f"not a message: it starts with {start!r}")
    header = json.loads(read(struct.unpack("<I", start[len(MAGIC) :])[0]))
    arrays = {}
    for name, shape in header.pop("arrays"):
        raw = read(8 * math.prod(shape))
        arrays[name] = np.frombuffer(raw, dtype="<f8").astype(np.float64).reshape(shape)
    return header, arrays


def exactly(stream: BinaryIO) -> Callable[[int], bytes]:
    """Return a function that reads exactly n bytes of a stream or raises EOFError."""

    def read(count: int) -> bytes:
        data = stream.read(count)
        if len(data) < count:
            raise EOFError
        return data

    return read
