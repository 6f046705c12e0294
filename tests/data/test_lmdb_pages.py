"""Pages of an LMDB file are checked before LMDB follows them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip.data import Frame, write_frames
from ipip.data.lmdb_pages import require_sound_pages
from ipip.data.store import FrameStore
from ipip.errors import InputError
from ipip.storage.sealed import DamagedError

WIDTH = 4096


def write_store(path: Path, frames: int, atoms: int) -> bytearray:
    rng = np.random.default_rng(0)
    write_frames(
        path,
        (
            Frame(
                numbers=np.full(atoms, 8),
                positions=50.0 * rng.normal(size=(atoms, 3)),
                cell=np.zeros((3, 3)),
                pbc=np.zeros(3, dtype=bool),
                energy=-1.0,
                forces=rng.normal(size=(atoms, 3)),
            )
            for _ in range(frames)
        ),
    )
    data = bytearray(path.read_bytes())
    assert int.from_bytes(data[40:44], "little") == WIDTH
    return data


def root(data: bytearray) -> int:
    """Return the page of the root that was written last."""
    fields = [
        [int.from_bytes(data[s + k : s + k + 8], "little") for k in (144, 128)] for s in (0, WIDTH)
    ]
    return max(fields)[1]


@pytest.mark.parametrize(("frames", "atoms"), [(1, 1), (3, 500), (400, 3), (40, 100)])
def test_a_written_store_is_sound(tmp_path: Path, frames: int, atoms: int) -> None:
    write_store(tmp_path / "a.lmdb", frames, atoms)
    require_sound_pages(tmp_path / "a.lmdb")


@pytest.mark.parametrize(
    ("at", "value", "what"),
    [
        (0, 7_000, "is no page of a tree"),  # its own number
        (10, 0x04, "is no page of a tree"),  # its kind
        (12, 8_000, "is no page of a tree"),  # the end of the places of its nodes
        (16, 4_095, "points outside itself"),  # the place of its first node
    ],
)
def test_a_root_that_was_changed_is_refused(tmp_path: Path, at: int, value: int, what: str) -> None:
    path = tmp_path / "a.lmdb"
    data = write_store(path, 400, 3)
    page = root(data)
    data[page * WIDTH + at : page * WIDTH + at + 2] = value.to_bytes(2, "little")
    path.write_bytes(data)
    with pytest.raises(DamagedError, match=f"its page {page} {what}"):
        require_sound_pages(path)
    with pytest.raises(InputError, match=r"a\.lmdb: is damaged: .*; copy it again, or write it"):
        FrameStore(path)


@pytest.mark.parametrize(
    ("below", "what"), [(1 << 40, r"leads to page \d{13}"), (None, r"leads to page \d+ twice")]
)
def test_a_branch_that_leads_elsewhere_is_refused(
    tmp_path: Path, below: int | None, what: str
) -> None:
    path = tmp_path / "a.lmdb"
    data = write_store(path, 400, 3)
    page = root(data)
    start = page * WIDTH
    node = start + int.from_bytes(data[start + 16 : start + 18], "little")
    value = page if below is None else below
    data[node : node + 6] = value.to_bytes(6, "little")
    path.write_bytes(data)
    with pytest.raises(DamagedError, match=what):
        require_sound_pages(path)


def test_a_value_that_lies_beyond_the_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.lmdb"
    data = write_store(path, 1, 500)  # one leaf, whose frame has separate pages
    start = root(data) * WIDTH
    node = start + int.from_bytes(data[start + 16 : start + 18], "little")
    key = int.from_bytes(data[node + 6 : node + 8], "little")
    assert data[node + 4] == 1
    data[node + 8 + key : node + 16 + key] = (1 << 40).to_bytes(8, "little")
    path.write_bytes(data)
    with pytest.raises(DamagedError, match="points outside the file"):
        require_sound_pages(path)
