"""A store of frames: nothing is lost, and only requested frames are in memory."""

from __future__ import annotations

import functools
import multiprocessing
import pickle
import tracemalloc
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader

from ipip.data import Frame, frames_digest, split_frames, write_frames
from ipip.data.files import iterate_frames, open_frames
from ipip.data.store import FrameStore, decode_frame, encode_frame, write_store
from ipip.data.view import FrameView
from ipip.errors import InputError
from ipip.network import GraphDataset
from ipip.network.graph import join_graphs
from ipip.storage.sealed import DamagedError
from tests.faults.trial import do


@pytest.fixture
def store(frames: list[Frame], tmp_path: Path) -> FrameStore:
    write_frames(tmp_path / "a.lmdb", frames)
    return FrameStore(tmp_path / "a.lmdb")


def test_frames_survive_to_the_last_bit(frames: list[Frame], tmp_path: Path) -> None:
    bare = {"energy": None, "forces": None, "stress": None}
    frames[1] = frames[1].replace(**bare, info={"a": [1.5, None, {"b": "Å\n"}]}, weight=0.25)
    write_store(tmp_path / "a.lmdb", iter(frames))
    store = FrameStore(tmp_path / "a.lmdb")
    assert frames_digest(store) == frames_digest(frames)
    assert [(f.info, f.weight) for f in store] == [(f.info, f.weight) for f in frames]
    assert store.meta["elements"] == ["O", "S", "Mo"] and store.meta["labels"]["energy"] == 5
    assert store[-1].energy == frames[-1].energy and len(store[1:3]) == 2
    with pytest.raises(IndexError):
        store[6]


def test_a_split_of_a_store_matches_the_list_and_reads_lazily(
    frames: list[Frame], store: FrameStore
) -> None:
    arguments = {"valid": 2, "test": 2, "seed": 4, "group_key": "traj"}
    split = split_frames(store, **arguments)  # type: ignore[arg-type]
    assert split == split_frames(frames, **arguments)  # type: ignore[arg-type]
    train = split.take(store, "train")
    assert isinstance(train, FrameView)
    assert frames_digest(train) == frames_digest(split.take(frames, "train"))


def test_a_view_joins_sources_and_is_cut_again(frames: list[Frame], store: FrameStore) -> None:
    view = FrameView([frames[:2], store], [7, 0, 2, 1])
    expected = [frames[5], frames[0], frames[0], frames[1]]
    assert [f.energy for f in view] == [f.energy for f in expected]
    assert [f.energy for f in view[1::2]] == [frames[0].energy, frames[1].energy]
    with pytest.raises(IndexError, match="beyond the existing 8"):
        FrameView([frames[:2], store], [8])


def test_a_large_store_needs_little_memory(tmp_path: Path) -> None:
    def many() -> object:
        for index in range(3000):
            yield Frame(
                np.full(200, 8),
                np.full((200, 3), float(index)),
                np.zeros((3, 3)),
                np.zeros(3, bool),
                energy=float(index),
                forces=np.zeros((200, 3)),
            )

    tracemalloc.start()
    write_store(tmp_path / "big.lmdb", many())  # type: ignore[arg-type]
    total = sum(frame.energy or 0.0 for frame in FrameStore(tmp_path / "big.lmdb"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == 2999 * 3000 / 2
    size = (tmp_path / "big.lmdb").stat().st_size
    assert size > 30e6 and peak < 0.3 * size


def energy_of(store: FrameStore) -> float:
    return float(store[2].energy or 0.0)


def test_a_store_crosses_forks_and_pickles(frames: list[Frame], store: FrameStore) -> None:
    assert store[0].energy == frames[0].energy  # it is open before the fork
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(energy_of, (store,)) == frames[2].energy
    assert pickle.loads(pickle.dumps(store))[3].energy == frames[3].energy


def test_graphs_of_a_store_match_the_list_with_workers_too(
    frames: list[Frame], store: FrameStore
) -> None:
    symbols = ["O", "S", "Mo"]
    together = functools.partial(DataLoader, batch_size=6, collate_fn=join_graphs)
    (expected,) = together(GraphDataset(frames, symbols, 4.0))
    for workers in (0, 1):
        dataset = GraphDataset(store, symbols, 4.0, cache_mb=0.0)
        (found,) = together(dataset, num_workers=workers)
        assert found.edge_vec.equal(expected.edge_vec) and found.energy.equal(expected.energy)


def test_long_files_are_read_in_parts(
    frames: list[Frame], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ipip.data.files.PART", 4)
    write_frames(tmp_path / "a.xyz", frames)
    assert frames_digest(iterate_frames(tmp_path / "a.xyz")) == frames_digest(frames)
    frames[5] = frames[5].replace(forces=None)
    write_frames(tmp_path / "b.xyz", frames)
    with pytest.raises(InputError, match=r"frames from 4 on: 1 of 2 frames"):
        list(iterate_frames(tmp_path / "b.xyz"))


def test_unusable_stores_are_refused(frames: list[Frame], tmp_path: Path) -> None:
    (tmp_path / "text.lmdb").write_text("hello" * 1000)
    with pytest.raises(InputError, match=r"text\.lmdb: cannot be read as LMDB"):
        open_frames(tmp_path / "text.lmdb")
    write_store(tmp_path / "empty.lmdb", [])
    with pytest.raises(InputError, match="holds no frames"):
        open_frames(tmp_path / "empty.lmdb")
    write_store(tmp_path / "a.lmdb", [frames[0], frames[1].replace(forces=None)])
    with pytest.raises(InputError, match="1 of 2 frames have no forces"):
        open_frames(tmp_path / "a.lmdb")
    with pytest.raises(InputError, match="frame 0: info cannot be written"):
        write_store(tmp_path / "b.lmdb", [frames[0].replace(info={"a": object()})])
    assert not (tmp_path / "b.lmdb").exists()
    assert decode_frame(encode_frame(frames[2], 2), 2).energy == frames[2].energy


def test_a_store_that_is_cut_off_is_refused_and_does_not_end_the_process(
    frames: list[Frame], tmp_path: Path
) -> None:
    path = tmp_path / "a.lmdb"
    write_store(path, frames * 40)
    whole = path.read_bytes()
    for share in (0.2, 0.5, 0.9, 0.999):  # of the file: a full disk, a copy that broke off
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(InputError, match=r"a\.lmdb: is truncated, it has \d+ bytes of \d+"):
            FrameStore(path).read(range(5))
    for length in (0, 1000, 5000):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError, match=r"a\.lmdb"):
            FrameStore(path)
    path.write_bytes(whole)
    store = FrameStore(path)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="is truncated"):
        store.read([len(store) - 1])


def test_no_page_leads_out_of_the_file(frames: list[Frame], tmp_path: Path) -> None:
    """LMDB believes its pages: without the check some of these end the process with SIGBUS."""
    path = tmp_path / "a.lmdb"
    write_store(path, (frames * 6)[:6])
    whole = path.read_bytes()
    expected = [encode_frame(frame, 0) for frame in FrameStore(path)]

    def read() -> str:
        try:
            found = [encode_frame(frame, 0) for frame in FrameStore(path)]
        except InputError:
            return "told"
        return "same" if found == expected else "wrong"

    outcomes: Counter[str] = Counter()
    for page in range(2 * 4096, len(whole), 4096):
        for place in (page + 16, page + 18):  # of the first and second node
            damaged = bytearray(whole)
            damaged[place : place + 2] = b"\xff\xff"
            path.write_bytes(damaged)
            outcomes[do(read)] += 1
    assert outcomes["told"] >= 4 and set(outcomes) <= {"told", "same"}, outcomes


def test_a_record_that_was_changed_or_moved_is_refused(frames: list[Frame], tmp_path: Path) -> None:
    path = tmp_path / "a.lmdb"
    write_store(path, frames)
    whole = path.read_bytes()
    positions = np.ascontiguousarray(frames[3].positions).tobytes()
    at = whole.index(positions)
    changed = bytearray(whole)
    changed[at + 3] ^= 1  # far after the decimal point: a plausible value
    path.write_bytes(changed)
    assert len(FrameStore(path)) == len(frames)
    FrameStore(path).read([0, 1, 2, 4])
    with pytest.raises(InputError, match=r"a\.lmdb: frame 3 is damaged .*`ipip convert`"):
        FrameStore(path).read([2, 3])
    with pytest.raises(DamagedError, match="it is frame 2"):
        decode_frame(encode_frame(frames[2], 2), 3)
    path.write_bytes(whole.replace(b'"atoms": ', b'"atoms":1'))
    with pytest.raises(InputError, match=r"a\.lmdb: is damaged"):
        FrameStore(path)


def test_equal_frames_give_equal_bytes(frames: list[Frame], tmp_path: Path) -> None:
    for name in ("a.lmdb", "b.lmdb"):
        write_store(tmp_path / name, (frame for _ in range(200) for frame in frames))
    assert (tmp_path / "a.lmdb").read_bytes() == (tmp_path / "b.lmdb").read_bytes()
