"""The digest of a set of frames."""

from __future__ import annotations

import json
from collections.abc import Iterable

import numpy as np

from ipip.data.frame import Frame
from ipip.data.parsed import plain
from ipip.storage.digest import Digest


def frames_digest(frames: Iterable[Frame]) -> str:
    """Return `sha256:...` over frames: structures, electronic states, labels, weights, in order.

    Of a frame's info only its electronic state counts.
    """
    digest = Digest()
    for frame in frames:
        digest.update(f"frame {len(frame)}".encode())
        energy = None if frame.energy is None else np.array([frame.energy])
        for values, kind in (
            (frame.numbers, "<i8"),
            (frame.positions, "<f8"),
            (frame.cell, "<f8"),
            (frame.pbc, "<i8"),
            (energy, "<f8"),
            (frame.forces, "<f8"),
            (frame.stress, "<f8"),
        ):
            if values is None:
                digest.update(b"none")
            else:
                digest.update(np.ascontiguousarray(values, dtype=kind).tobytes())
        if frame.state:
            digest.update(json.dumps(plain(frame.state), sort_keys=True).encode())
        for name, array in sorted(frame.arrays.items()):
            digest.update(f"{name} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
        if frame.weight != 1.0:
            digest.update(f"weight {float(frame.weight)!r}".encode())
    return str(digest)
