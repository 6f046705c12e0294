"""Reading dumps that are compressed, cut off, still growing, or spread over files."""

import logging

import numpy as np
import pytest
from tests.lammps.dump_text import compressed, frame_text, many_frames

from ipip.errors import InputError
from ipip.lammps import read_dump


@pytest.mark.parametrize("cut", [1, 2, 15, 40, 80, 150])
def test_a_last_frame_that_is_cut_off_is_discarded_and_reported(tmp_path, caplog, cut):
    whole = frame_text(1, "id type x y z", ["1 1 0.25 0.25 0.25", "2 1 1 1 1"])
    last = whole.replace("TIMESTEP\n1\n", "TIMESTEP\n2\n")
    path = tmp_path / "a.dump"
    path.write_text(whole + last[: len(last) - cut])
    reader = read_dump(path, symbols=["O"])
    with caplog.at_level(logging.WARNING):
        assert [frame.step for frame in reader] == [1]
    assert reader.truncated and "truncated" in caplog.text
    path.write_text(whole + last)
    assert [frame.step for frame in reader] == [1, 2]
    assert not reader.truncated


@pytest.mark.parametrize("cut", [1, 15, 30, 60, 90, 140])
def test_a_frame_cut_off_by_the_next_run_is_left_out_and_counted(tmp_path, cut):
    path = tmp_path / "a.dump"
    text = many_frames(range(3))
    path.write_text(text[: len(text) - cut] + many_frames(range(1, 3)))
    reader = read_dump(path)
    assert [frame.step for frame in reader] == [0, 1, 1, 2]
    assert reader.broken == 1 and not reader.truncated


def test_only_the_requested_steps_are_parsed(tmp_path):
    path = tmp_path / "a.dump"
    text = "".join(frame_text(s, "id type x y z", [f"1 1 {s} 0 0"]) for s in range(0, 50, 10))
    path.write_text(text)
    assert [f.step for f in read_dump(path, steps=[10, 40, 41])] == [10, 40]
    assert read_dump(path).steps().tolist() == [0, 10, 20, 30, 40]


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_compressed_dumps_of_several_members_are_read(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    path.write_bytes(
        compressed(many_frames(range(3)), suffix) + compressed(many_frames(range(3, 5)), suffix)
    )
    assert [frame.step for frame in read_dump(path)] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_a_compressed_dump_that_is_cut_off_gives_its_whole_frames(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    random = np.random.default_rng(0)
    rows = [[f"{k} 1 {random.normal()} 0 0" for k in range(300)] for _ in range(40)]
    whole = compressed(
        "".join(frame_text(s, "id type x y z", row) for s, row in enumerate(rows)), suffix
    )
    path.write_bytes(whole[: len(whole) * 2 // 3])
    steps = [frame.step for frame in read_dump(path)]
    assert steps == list(range(len(steps))) and (suffix == ".zst" or 20 <= len(steps) < 35)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_damaged_compression_is_reported(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    path.write_bytes(b"\x00" * 500)
    with pytest.raises(InputError, match="compression is damaged"):
        list(read_dump(path))


@pytest.mark.parametrize("suffix", ["", ".gz", ".zst"])
def test_reading_resumes_where_it_ended_in_a_dump_that_grows(tmp_path, suffix):
    path = tmp_path / f"a.dump{suffix}"
    text = many_frames(range(4))
    path.write_bytes(compressed(text[: len(text) - 25], suffix))
    first = read_dump(path)
    assert [frame.step for frame in first] == [0, 1, 2] and first.truncated
    path.write_bytes(compressed(text + many_frames(range(4, 6)), suffix))
    second = read_dump(path, start=first.position)
    assert [(f.step, f.positions[0, 0]) for f in second] == [(3, 3.5), (4, 4.5), (5, 5.5)]
    assert not second.truncated
    assert list(read_dump(path, start=second.position)) == []
    path.write_bytes(compressed(many_frames(range(1)), suffix))
    with pytest.raises(InputError, match="was replaced; read it from its start"):
        list(read_dump(path, start=second.position))


def test_a_frame_is_found_again_at_its_position(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(many_frames(range(5)))
    positions = {frame.step: frame.position for frame in read_dump(path)}
    for step in (3, 0, 4):
        assert next(iter(read_dump(path, start=positions[step]))).step == step


def test_one_file_a_frame_is_read_in_the_order_of_its_numbers(tmp_path):
    for step in (0, 100, 20, 3):
        (tmp_path / f"b{step}.dump").write_text(many_frames(range(step, step + 1)))
    reader = read_dump(tmp_path / "b*.dump")
    assert [frame.step for frame in reader] == [0, 3, 20, 100]
    (tmp_path / "b200.dump").write_text(many_frames(range(200, 201)))
    assert [f.step for f in read_dump(tmp_path / "b*.dump", start=reader.position)] == [200]
    with pytest.raises(InputError, match="no file has such a name"):
        read_dump(tmp_path / "c*.dump")


def test_a_number_of_atoms_that_cannot_be_there_takes_no_memory(tmp_path):
    path = tmp_path / "a.dump"
    path.write_text(
        many_frames(range(1)) + many_frames(range(1, 2)).replace("ATOMS\n2", f"ATOMS\n{10**15}")
    )
    reader = read_dump(path)
    assert [frame.step for frame in reader] == [0] and reader.truncated


def test_in_a_pattern_only_the_star_has_a_meaning(tmp_path):
    for name in ("run[1]?@.9.dump", "run[1]?@.10.dump", "run1?@.5.dump", "run[1]x@.6.dump"):
        (tmp_path / name).write_text(many_frames([int(name.split(".")[1])]))
    assert [frame.step for frame in read_dump(tmp_path / "run[1]?@.*.dump")] == [9, 10]
    (tmp_path / "a*.dump").write_text(many_frames([3]))
    (tmp_path / "ab.dump").write_text(many_frames([4]))
    assert [frame.step for frame in read_dump(tmp_path / "a*.dump")] == [3]
    with pytest.raises(InputError, match="no file has such a name"):
        read_dump(tmp_path / "none" / "*.dump")
