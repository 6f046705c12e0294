"""Reading dumps by blocks of text, by one thread or two: the same frames, and no thread is left."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from tests.lammps.dump_text import compressed, frame_text, runnable_instructions

from ipip.errors import InputError
from ipip.lammps import read_dump

BLOCK = 1 << 18  # bytes of text of a block of small frames
FORMS = ("%.10g", "%g", "%.17g", "%.3e", "%.6f", "%d")


@pytest.fixture(params=[1, 2])
def cores(request, monkeypatch) -> int:
    """As many cores as may be used: 2 make a second thread, on one core too."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(request.param)))
    return request.param


def threads() -> int:
    return len(os.listdir("/proc/self/task"))


def random_dump(
    random: np.random.Generator, sizes: list[int], cut: float
) -> tuple[str, dict[int, np.ndarray], int]:
    """Return a dump, the positions of its whole frames by step, and how many others it has."""
    text, whole, broken = [], {}, 0
    end = random.choice(["\n", " \n", "\r\n"])
    for step, n_atoms in enumerate(sizes):
        names = random.permutation(["id", "element", "x", "y", "z", "fx", "c_pe"]).tolist()
        ids = np.arange(1, n_atoms + 1)
        if step % 3:
            ids = random.permutation(ids * (1 + step % 2))
        form = str(random.choice(FORMS))
        words = {name: [form % v for v in random.normal(0, 30, n_atoms)] for name in names}
        words["id"] = [str(k) for k in ids]
        words["element"] = [("I", "In", "S", "Mo")[k % 4] for k in ids]
        rows = [" ".join(row) for row in zip(*(words[name] for name in names), strict=True)]
        frame = frame_text(step, " ".join(names), rows).replace("\n", end)
        if random.random() < cut:
            frame = frame[: random.integers(1, len(frame))]
            broken += 1
        else:
            order = np.argsort(ids)
            columns = [np.array(words[name], dtype=float)[order] for name in "xyz"]
            whole[step] = np.stack(columns, axis=1)
        text.append(frame)
    return "".join(text), whole, broken


SIZES = {
    "small": [1, 2, 0, 3, 40, 150] * 60,
    "middle": [700, 1500, 90, 2500, 0, 3600] * 2,
    "larger than a block": [9000, 3, 7000, 8000, 1, 5000],
}


@pytest.mark.parametrize("kind", SIZES)
@pytest.mark.parametrize("seed", range(3))
def test_whole_frames_are_read_and_the_others_counted(tmp_path, cores, kind, seed):
    random = np.random.default_rng(seed)
    text, whole, broken = random_dump(random, SIZES[kind], cut=0.0 if seed == 0 else 0.2)
    path = tmp_path / "a.dump"
    data = (text + frame_text(-1, "x y z", ["1 2 3"])[: -1 if seed else None]).encode()
    path.write_bytes(data)
    for name in runnable_instructions():
        reader = read_dump(path, instructions=name)
        frames = list(reader)
        if seed == 0:
            assert frames.pop().step == -1
        assert reader.truncated == bool(seed) and reader.broken == broken
        assert [frame.step for frame in frames] == list(whole)
        for frame in frames:
            np.testing.assert_array_equal(frame.positions, whole[frame.step])
            begin = data[frame.position.offset :][:30].split()[:3]
            assert begin == [b"ITEM:", b"TIMESTEP", str(frame.step).encode()]
    assert read_dump(path).steps().tolist() == list(whole) + [-1] * (seed == 0)
    rest = frames[len(frames) // 2 :]
    again = read_dump(path, start=rest[0].position)
    assert [f.step for f in again][: len(rest)] == [frame.step for frame in rest]


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_text_gives_the_same_frames(tmp_path, cores, suffix):
    text, whole, broken = random_dump(np.random.default_rng(5), [150, 4000] * 8, cut=0.1)
    path = tmp_path / f"a.dump{suffix}"
    path.write_bytes(compressed(text, suffix))
    reader = read_dump(path)
    assert {frame.step: frame.positions.tolist() for frame in reader} == {
        step: positions.tolist() for step, positions in whole.items()
    }
    assert reader.broken + reader.truncated == broken


def test_an_error_comes_after_the_frames_before_it(tmp_path, cores):
    path = tmp_path / "a.dump"
    rows = [f"{k} {k} 0 0" for k in range(1, 3001)]
    text = [frame_text(step, "id x y z", rows) for step in range(40)]
    text[30] = text[30].replace("\n2000 2000 ", "\n2000 abc ")
    path.write_text("".join(text))
    steps, before = [], threads()
    with pytest.raises(InputError, match="step 30: row 2000 has 'abc' where a number is expected"):
        steps.extend(frame.step for frame in read_dump(path))
    assert steps == list(range(30)) and threads() == before


@pytest.fixture
def long_dump(tmp_path) -> Path:
    """A dump of 80 blocks."""
    rows = [f"{k} {k}.125 0 0" for k in range(1, 1001)]
    frame = frame_text(0, "id x y z", rows)
    path = tmp_path / "long.dump"
    path.write_text(frame * (80 * BLOCK // len(frame)))
    return path


def test_leaving_a_loop_ends_its_thread_at_once(long_dump, cores):
    before = threads()
    frames = iter(read_dump(long_dump))
    for _ in range(60):  # some blocks, whether or not the second thread runs yet
        next(frames)
    assert threads() == before + cores - 1
    start = time.perf_counter()
    frames.close()
    assert threads() == before and time.perf_counter() - start < 5
    with pytest.raises(ZeroDivisionError):
        sum(1 / (40 - frame.position.offset // BLOCK) for frame in read_dump(long_dump))
    assert threads() == before


def test_a_single_frame_needs_no_thread(long_dump, monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1})
    before = threads()
    frames = iter(read_dump(long_dump))
    next(frames)
    assert threads() == before
    frames.close()


def test_a_bounded_part_is_read_ahead(long_dump):
    from ipip._core import DumpParser

    descriptor = os.open(long_dump, os.O_RDONLY)
    frames = DumpParser(None, {}, None).open(descriptor, 0, True)
    end = 0
    while end < 4 * BLOCK:
        item = frames.next()
        assert item is not None
        end = item[3]
    time.sleep(0.5)  # the second thread has stopped where it may not continue
    assert end < os.lseek(descriptor, 0, os.SEEK_CUR) < end + 9 * BLOCK
    frames.close()
    assert frames.next() is None
    os.close(descriptor)


def test_a_dump_that_is_truncated_meanwhile_ends(long_dump, cores):
    reader = read_dump(long_dump)
    frames = iter(reader)
    next(frames)
    os.truncate(long_dump, 1000)  # a run that starts over writes over it
    steps = [frame.step for frame in frames]
    assert len(steps) < 20 * BLOCK * 80 // long_dump.stat().st_size


def test_a_forked_process_must_open_the_dump_again(long_dump):
    from ipip._core import CoreError, DumpParser

    descriptor = os.open(long_dump, os.O_RDONLY)
    frames = DumpParser(None, {}, None).open(descriptor, 0, True)
    for _ in range(60):
        assert frames.next() is not None
    child = os.fork()
    if child == 0:
        status = 1
        try:
            while frames.next() is not None:
                pass
        except CoreError as error:
            status = 0 if "open it again" in str(error) else 2
        frames.close()  # must not wait for a thread that is not here
        os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert frames.next() is not None
    frames.close()
    os.close(descriptor)


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)"])
def test_readers_that_are_left_open_let_the_interpreter_end_silently(long_dump, end):
    text = long_dump.read_text()
    paths = [long_dump]
    for suffix in (".gz", ".zst"):
        paths.append(long_dump.with_suffix(suffix))
        paths[-1].write_bytes(compressed(text, suffix))
    code = (
        "import os; os.sched_getaffinity = lambda pid: {0, 1}\n"
        "from ipip.lammps import read_dump\n"
        f"readers = [iter(read_dump(p, units='metal')) for p in {list(map(str, paths))}]\n"
        "frames = [next(reader) for reader in readers for _ in range(60)]\n"
        "ring = [readers]; ring.append(ring)\n"
        "print(len(os.listdir('/proc/self/task')) > 3)\n" + end
    )
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "ignore", "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (3 if end else 0, "True\n", "")
