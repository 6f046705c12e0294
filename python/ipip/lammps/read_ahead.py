"""Reading ahead in a second thread: the next text is decompressed while frames are parsed."""

from __future__ import annotations

import queue
import threading

from ipip.lammps.byte_source import ByteSource

PIECE = 1 << 19  # bytes that are read at a time
PIECES = 4  # in rotation: one is read, one is used, the others wait


class ReadAhead:
    """A source whose bytes another thread reads, less than ``PIECES`` pieces ahead.

    Args:
        source: from now on read and closed only by this object. ``readinto`` raises its errors.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._free: queue.SimpleQueue[bytearray] = queue.SimpleQueue()
        self._full: queue.SimpleQueue[tuple[bytearray, int] | Exception] = queue.SimpleQueue()
        for _ in range(PIECES):
            self._free.put(bytearray(PIECE))
        self._piece: bytearray | None = None
        self._rest = memoryview(b"")
        self._ended = self._closing = False
        self._thread = threading.Thread(target=self._read, name="dump read-ahead", daemon=True)
        self._thread.start()

    def readinto(self, target: memoryview, /) -> int:
        """Fill the target from its start; return the number of bytes, 0 at the end."""
        if not self._rest and not self._ended:
            if self._piece is not None:
                self._free.put(self._piece)
            piece = self._full.get()
            if isinstance(piece, Exception):
                self._ended = True
                raise piece
            self._piece, count = piece
            self._rest, self._ended = memoryview(self._piece)[:count], not count
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """End the thread after its present piece, and close the source."""
        self._ended = self._closing = True
        self._rest = memoryview(b"")
        self._free.put(bytearray())  # it may wait for one
        self._thread.join()
        self._source.close()

    def _read(self) -> None:
        while True:
            piece = self._free.get()
            if self._closing:
                return
            try:
                count = self._source.readinto(memoryview(piece)) or 0
            except Exception as error:
                self._full.put(error)
                return
            self._full.put((piece, count))
            if not count:
                return
