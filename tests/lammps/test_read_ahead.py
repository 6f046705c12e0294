"""Reading ahead in a second thread."""

import threading

import numpy as np
import pytest

from ipip.lammps import read_ahead
from ipip.lammps.read_ahead import ReadAhead


class Source:
    """Bytes in pieces of any size; raises after them if requested."""

    def __init__(self, data: bytes, fails: Exception | None = None) -> None:
        self.data, self.fails, self.closed, self.reads = data, fails, False, 0

    def readinto(self, target: memoryview, /) -> int:
        self.reads += 1
        if not self.data and self.fails is not None:
            raise self.fails
        count = min(len(self.data), len(target), 1 + 977 * self.reads % 4096)
        target[:count] = self.data[:count]
        self.data = self.data[count:]
        return count

    def close(self) -> None:
        self.closed = True


def _threads() -> int:
    return sum(thread.name == "dump read-ahead" for thread in threading.enumerate())


@pytest.mark.parametrize("size", [1, 100, 1 << 16])
def test_the_bytes_come_in_order_and_the_end_stays_the_end(size):
    data = np.random.default_rng(0).bytes(200_000)
    source = Source(data)
    ahead = ReadAhead(source)
    target, found = bytearray(size), bytearray()
    for _ in range(len(data) if size > 1 else 5000):
        count = ahead.readinto(memoryview(target))
        found += target[:count]
        if not count:
            break
    assert data.startswith(bytes(found)) and len(found) == (5000 if size == 1 else len(data))
    if size > 1:
        assert ahead.readinto(memoryview(target)) == 0
    ahead.close()
    assert source.closed and _threads() == 0


def test_errors_of_the_source_are_raised_where_they_happened():
    ahead = ReadAhead(Source(b"abc", OSError("the disk is gone")))
    target = bytearray(10)
    assert ahead.readinto(memoryview(target)) == 3
    with pytest.raises(OSError, match="the disk is gone"):
        ahead.readinto(memoryview(target))
    assert ahead.readinto(memoryview(target)) == 0
    ahead.close()


def test_it_reads_a_bounded_part_ahead_and_may_be_closed_at_any_time():
    source = Source(bytes(100_000_000))
    ahead = ReadAhead(source)
    assert ahead.readinto(memoryview(bytearray(10))) == 10
    ahead.close()
    assert source.closed and _threads() == 0
    left = len(source.data)
    assert 100_000_000 - left <= (read_ahead.PIECES + 2) * read_ahead.PIECE
