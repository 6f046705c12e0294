"""Dumps whose steps start again: which run a frame belongs to."""

import dataclasses
import json
import logging

import numpy as np
import pytest
from tests.lammps.dump_text import compressed

from ipip.lammps import read_dump
from ipip.lammps.dump_index import DumpIndex, EarlierFrames, is_same

BOX = 9.0


def frames(run: int, steps: range, wrapped: bool = False) -> str:
    """Frames of a run: three atoms, at places that its number and the step decide."""
    text = []
    for step in steps:
        places = np.random.default_rng([run, step]).uniform(0, BOX, (3, 3))
        places = places % BOX if wrapped else places + [0, 2 * BOX, -BOX]
        rows = [f"{k + 1} S {x:.6g} {y:.6g} {z:.6g}" for k, (x, y, z) in enumerate(places)]
        head = f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n3\nITEM: BOX BOUNDS pp pp pp\n"
        bounds = f"0 {BOX}\n" * 3 + "ITEM: ATOMS id element xu yu zu\n"
        text.append(head + bounds + "\n".join(rows) + "\n")
    return "".join(text)


def index_of(path, known: DumpIndex | None = None, start=None):
    """Index a dump, and list the run of each of its frames."""
    index = DumpIndex() if known is None else known
    reader = read_dump(path, columns=(), units="metal", start=start)
    earlier = EarlierFrames(reader.from_position)
    return index, [index.add(frame, earlier) for frame in reader], reader.position


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
@pytest.mark.parametrize(
    ("parts", "runs"),
    [
        # one run; two runs; the same run twice; a run that resumed from a restart file, also with
        # wrapped places; one that resumed and left its earlier path; and back again
        ([(0, 0, 9)], [0] * 9),
        ([(0, 0, 5), (1, 0, 4)], [0] * 5 + [1] * 4),
        ([(0, 0, 5), (0, 0, 5)], [0] * 5 + [None] * 5),
        ([(0, 0, 6), (0, 4, 9)], [0] * 6 + [None] * 2 + [0] * 3),
        ([(0, 0, 6), (0, 3, 5), (1, 5, 8)], [0] * 6 + [None] * 2 + [1] * 3),
        ([(0, 0, 4), (1, 2, 5), (0, 3, 7)], [0] * 4 + [1] * 3 + [None] + [0] * 3),
        ([(0, 0, 4), (1, 3, 4), (2, 3, 4)], [0] * 4 + [1, 2]),
    ],
)
def test_frames_that_repeat_are_left_out_and_others_begin_a_run(tmp_path, suffix, parts, runs):
    path = tmp_path / f"a.dump{suffix}"
    text = [frames(run, range(first, last), bool(k)) for k, (run, first, last) in enumerate(parts)]
    path.write_bytes(compressed("".join(text), suffix))
    index, found, _ = index_of(path)
    assert found == runs and index.repeated == runs.count(None)
    assert sum(len(index.steps_of(run)) for run in range(len(index.ends))) == len(index)
    for run in range(len(index.ends)):
        steps = index.steps_of(run)
        assert (np.diff(steps) > 0).all() and steps[-1] == index.ends[run]
        places = index.places(run, steps)
        assert list(places.values()) == list(index.in_order(run))
        for step, place in places.items():
            assert next(iter(read_dump(path, start=place, units="metal"))).step == step
    assert read_dump(path).steps_grow() == (len(parts) == 1)


def test_an_index_continues_with_a_dump_that_grows_wherever_it_ended(tmp_path):
    path = tmp_path / "a.dump"
    pieces = [frames(0, range(6)), frames(0, range(3, 8)), frames(1, range(4)), frames(2, range(3))]
    whole = "".join(pieces)
    path.write_text(whole)
    expected, runs, _ = index_of(path)
    assert runs == [0] * 6 + [None] * 3 + [0] * 2 + [1] * 4 + [2] * 3
    for cut in range(0, len(whole), 101):
        path.write_text(whole[:cut])
        index, first, end = index_of(path)
        path.write_text(whole)
        again = DumpIndex.from_dict(json.loads(json.dumps(index.as_dict())))
        again, second, _ = index_of(path, again, end)
        assert first + second == runs and again == expected


def test_runs_are_distinguished_over_several_files(tmp_path):
    for number, text in enumerate(
        (frames(0, range(5)), frames(0, range(4, 7)), frames(1, range(2)))
    ):
        (tmp_path / f"part{number}.dump").write_text(text)
    index, runs, _ = index_of(tmp_path / "part*.dump")
    assert runs == [0] * 5 + [None] + [0] * 2 + [1] * 2
    assert [place.file for place in index.places(0, [4, 5]).values()] == [
        "part0.dump",
        "part1.dump",
    ]
    assert index.describe() == "run 1: steps 0 to 6, 7 frames; run 2: steps 0 to 1, 2 frames"


def test_frames_are_the_same_up_to_images_and_rounding(tmp_path, caplog):
    path = tmp_path / "a.dump"
    path.write_text(frames(0, range(1)))
    with caplog.at_level(logging.WARNING):
        (frame,) = read_dump(path, units="metal")

    def moved(by) -> bool:
        return is_same(frame, dataclasses.replace(frame, positions=frame.positions + by))

    assert moved(0.0) and moved([BOX, 0, -3 * BOX]) and moved(1e-3)
    assert not moved(0.02) and not moved([BOX / 2, 0, 0])
    open_box = dataclasses.replace(frame, pbc=np.zeros(3, dtype=bool))
    assert not is_same(open_box, dataclasses.replace(open_box, positions=frame.positions + BOX))
    lost = frame.positions * [np.nan, 1, 1]
    assert not is_same(frame, dataclasses.replace(frame, positions=lost))
    broken = dataclasses.replace(frame, positions=lost)
    assert is_same(broken, dataclasses.replace(broken, positions=lost.copy()))
    assert not is_same(frame, dataclasses.replace(frame, ids=frame.ids[::-1]))
    assert not is_same(frame, dataclasses.replace(frame, cell=frame.cell * 1.01))
