"""Text of dumps for the tests of their reader."""

import gzip

import numpy as np
import zstandard

CELL = np.array([[8.0, 0.0, 0.0], [1.5, 7.5, 0.0], [-1.0, 2.0, 8.5]])
ORIGIN = np.array([-1.0, 2.0, 0.5])
INSTRUCTIONS = ("avx512", "sse", "plain")


def _bounds(cell: np.ndarray, origin: np.ndarray) -> list[str]:
    xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
    low = origin + [min(0, xy, xz, xy + xz), min(0, yz), 0]
    high = origin + np.diag(cell) + [max(0, xy, xz, xy + xz), max(0, yz), 0]
    tilts = [xy, xz, yz]
    lines = [f"{a:.16g} {b:.16g} {t:.16g}" for a, b, t in zip(low, high, tilts, strict=True)]
    return ["ITEM: BOX BOUNDS xy xz yz pp pp ff", *lines]


def frame_text(step: int, columns: str, rows: list[str]) -> str:
    """Return a frame in a tilted box, CELL."""
    lines = ["ITEM: TIMESTEP", str(step), "ITEM: NUMBER OF ATOMS", str(len(rows))]
    return "\n".join([*lines, *_bounds(CELL, ORIGIN), f"ITEM: ATOMS {columns}", *rows]) + "\n"


def many_frames(steps: range) -> str:
    """Return frames of two atoms; the first atom's x is the step and a half."""
    return "".join(frame_text(s, "id type x y z", [f"1 1 {s}.5 0 0", "2 1 1 1 1"]) for s in steps)


def compressed(text: str, suffix: str) -> bytes:
    """Return the bytes of a file with such a suffix."""
    return {"": bytes, ".gz": gzip.compress, ".zst": zstandard.compress}[suffix](text.encode())


def runnable_instructions() -> list[str]:
    """Return the instruction sets that this processor runs."""
    import torch  # noqa: F401

    from ipip._core import CoreError, DumpParser

    found = []
    for name in INSTRUCTIONS:
        try:
            DumpParser(None, {}, None, name)
        except CoreError:
            continue
        found.append(name)
    return found
