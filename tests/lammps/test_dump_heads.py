"""Frames that begin with their units and their time, and the last frame without a line feed."""

import io
import logging

import numpy as np
import pytest
from tests.lammps.dump_text import compressed, frame_text, runnable_instructions

from ipip.errors import InputError
from ipip.lammps import read_dump
from ipip.native import core

COLUMNS = "id element xu yu zu"


def timed(step: int, rows: list[str], units: str | None = None) -> str:
    """A frame as `dump_modify time yes units yes` begins it."""
    head = "" if units is None else f"ITEM: UNITS\n{units}\n"
    return f"{head}ITEM: TIME\n{step * 0.001:.16g}\n{frame_text(step, COLUMNS, rows)}"


def timed_dump(steps: range, units: str | None = "metal") -> str:
    rows = ["1 Mo 1 1 1", "2 O 2.7 1 1"]
    return "".join(timed(s, rows, units if s == steps[0] else None) for s in steps)


def items(data: bytes, piece: int) -> list[tuple]:
    """The reader's items in blocks of about this many bytes: kind, step, begin, time and x."""
    frames = core.DumpParser({"xu"}, {}, None).open(io.BytesIO(data), 0, False, piece)
    found = []
    while (item := frames.next()) is not None:
        kind, step, begin, end, *values = item
        content = (values[-2], values[6][0, 0]) if kind == 0 else ()
        found.append((kind, step, begin, end, *content))
    return found


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_frames_that_begin_with_their_time_are_whole_wherever_a_block_ends(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    path.write_bytes(compressed(timed_dump(range(4000)), suffix))
    for name in runnable_instructions():
        reader = read_dump(path, instructions=name)
        frames = list(reader)
        assert [frame.step for frame in frames] == list(range(4000))
        assert (reader.broken, reader.truncated) == (0, False)
        np.testing.assert_allclose([f.time for f in frames], range(4000), atol=1e-9)  # fs
        again = read_dump(path, start=frames[1234].position, instructions=name)
        assert next(iter(again)).time == frames[1234].time


@pytest.mark.parametrize("cut", [0, 1, 7, 40, 100, 120, 135])
def test_results_do_not_depend_on_where_blocks_end(cut):
    text = timed_dump(range(3))
    torn = (text[: len(text) - cut] + timed_dump(range(2, 5), None)).encode()
    whole = items(torn, 1 << 18)
    kinds = [kind for kind, *_ in whole]
    assert kinds.count(2) == (cut > 0) and kinds.count(0) == 6 - (cut > 0)
    begins = [torn[begin:].split(b"\n", 1)[0] for kind, _, begin, *_ in whole if kind == 0]
    assert begins == [b"ITEM: UNITS"] + [b"ITEM: TIME"] * (len(begins) - 1)
    for piece in range(1, len(torn) + 2):
        assert items(torn, piece) == whole


def test_a_frame_cut_off_anywhere_costs_no_other_one():
    first, last = timed_dump(range(2)), timed_dump(range(2, 4), "metal")
    frame = timed(9, ["1 Mo 1 1 1", "2 O 2.7 1 1"], "metal")
    for cut in range(1, len(frame)):
        found = items((first + frame[:cut] + last).encode(), 300)
        assert [step for kind, step, *_ in found if kind == 0] == [0, 1, 2, 3], frame[:cut]


FULL = ["1 Mo 1.234567 0.5 1.234567", "2 O 2.75 1 {}"]


@pytest.mark.parametrize(
    ("end", "is_taken"),
    [
        ("1.234561", True),  # as many digits as the other number has
        ("0.234561", True),
        ("1.23456", False),
        ("1.2", False),
        ("1", False),
        ("1 ", True),  # a blank ends the number
        ("1.2345e-0", False),
        ("-", False),
        ("", False),
    ],
)
def test_a_last_frame_without_a_line_feed_counts_where_its_last_number_is_whole(
    tmp_path, caplog, end, is_taken
):
    path = tmp_path / "a.dump"
    rows = [FULL[0], FULL[1].format(end)]
    path.write_text(frame_text(0, COLUMNS, FULL[:1] * 2) + frame_text(5, COLUMNS, rows)[:-1])
    reader = read_dump(path)
    with caplog.at_level(logging.WARNING):
        frames = list(reader)
    assert [frame.step for frame in frames] == [0, 5][: 1 + is_taken]
    assert reader.truncated != is_taken
    assert read_dump(path).steps().tolist() == [0, 5][: 1 + is_taken]
    # More may come: reading resumes before that frame.
    assert reader.position.offset == len(frame_text(0, COLUMNS, FULL[:1] * 2))
    is_number = end not in ("-", "")
    assert ("give --whole" in caplog.text) == (is_number and not is_taken)
    known = read_dump(path, whole=True)
    if end != "1.2345e-0":
        assert [frame.step for frame in known] == [0, 5][: 1 + is_number]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_a_single_frame_without_a_line_feed_is_read_if_declared_whole(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    path.write_bytes(compressed(frame_text(3, COLUMNS, ["1 Mo 1 1 1", "2 O 2.7 1 1"])[:-1], suffix))
    assert list(read_dump(path)) == []
    (frame,) = read_dump(path, whole=True)
    np.testing.assert_array_equal(frame.positions, [[1, 1, 1], [2.7, 1, 1]])


@pytest.mark.parametrize(
    ("units", "distance", "time", "force"),
    [
        ("metal", 1.0, 1000.0, 1.0),
        ("real", 1.0, 1.0, 0.0433641),
        ("electron", 0.5291772, 1.0, 51.42207),
        ("si", 1e10, 1e15, 6.241509e8),
        ("cgs", 1e8, 1e15, 6.241509e3),
        ("micro", 1e4, 1e9, 0.6241509),
        ("nano", 10.0, 1e6, 6.241509e-4),
    ],
)
@pytest.mark.parametrize("how", ["stated", "given"])
def test_numbers_are_converted_from_the_units_of_the_dump(
    tmp_path, caplog, units, distance, time, force, how
):
    path = tmp_path / "a.dump"
    head = f"ITEM: UNITS\n{units}\n" if how == "stated" else ""
    frame = frame_text(4, "id element xs ys zs fx fy fz", ["1 S 0.5 0 0 2 0 -1"])
    path.write_text(f"{head}ITEM: TIME\n2\n{frame}ITEM: TIME\n3\n{frame}")
    with caplog.at_level(logging.WARNING):
        first, second = read_dump(path, units=None if how == "stated" else units)
        (again,) = read_dump(path, start=second.position, units=None if head else units)
    assert not caplog.text
    np.testing.assert_allclose(first.cell[0, 0], 8.0 * distance, rtol=1e-6)
    np.testing.assert_allclose(first.origin, np.array([-1.0, 2.0, 0.5]) * distance, rtol=1e-6)
    np.testing.assert_allclose(first.positions[0], np.array([3.0, 2.0, 0.5]) * distance, rtol=1e-6)
    np.testing.assert_allclose(first.forces, [[2 * force, 0.0, -force]], rtol=1e-6)
    np.testing.assert_allclose([first.time, second.time, again.time], np.array([2, 3, 3]) * time)
    np.testing.assert_array_equal(again.forces, second.forces)
    assert first.columns["fx"][0] == 2.0  # as written there


def test_unstated_units_are_reported_as_metal(tmp_path, caplog):
    path = tmp_path / "a.dump"
    path.write_text(timed_dump(range(3), None))
    with caplog.at_level(logging.WARNING):
        assert len(list(read_dump(path))) == 3
    assert caplog.text.count("read as LAMMPS' metal units (Å, ps, eV)") == 1


def test_units_that_contradict_are_refused(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(timed_dump(range(3), "real"))
    with pytest.raises(InputError, match="states LAMMPS' units real, but"):
        list(read_dump(path, units="metal"))
    with path.open("a") as stream:
        stream.write(timed_dump(range(3, 5), "metal"))
    with pytest.raises(InputError, match=r"step 3 of dump .* states LAMMPS' units metal"):
        list(read_dump(path))
    path.write_text(timed_dump(range(3), "lj"))
    with pytest.raises(InputError, match="which have no size of their own"):
        list(read_dump(path))
    with pytest.raises(InputError, match="units 'furlongs'; expected one of metal, real"):
        list(read_dump(path, units="furlongs"))
