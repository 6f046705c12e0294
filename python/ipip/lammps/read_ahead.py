"""Reading ahead in a second thread: the next text is decompressed while frames are parsed."""

from __future__ import annotations

import queue
import threading

from ipip.lammps.byte_source import ByteSource

PIECE = 1 << 20  # bytes that are read at a time
PIECES = 2  # that may wait


class ReadAhead:
    """A source whose bytes another thread reads, at most ``PIECES`` pieces ahead.

    Args:
        source: is read and closed by this one alone from now on. What it raises comes out of
            ``readinto``.
    """

    def __init__(self, source: ByteSource) -> None:
        self._source = source
        self._pieces: queue.Queue[memoryview | Exception] = queue.Queue(PIECES)
        self._rest = memoryview(b"")
        self._ended = self._closing = False
        self._thread = threading.Thread(target=self._read, name="dump read-ahead", daemon=True)
        self._thread.start()

    def readinto(self, target: memoryview, /) -> int:
        """Fill the target from its start; return the number of bytes, 0 at the end."""
        if not self._rest and not self._ended:
            piece = self._pieces.get()
            if isinstance(piece, Exception):
                self._ended = True
                raise piece
            self._rest, self._ended = piece, not piece
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """End the thread and close the source."""
        self._closing = True
        while self._thread.is_alive():
            try:
                self._pieces.get(timeout=0.01)  # it may wait for a place
            except queue.Empty:
                continue
        self._thread.join()
        self._source.close()

    def _read(self) -> None:
        while not self._closing:
            piece = memoryview(bytearray(PIECE))
            try:
                piece = piece[: self._source.readinto(piece) or 0]
            except Exception as error:
                self._pieces.put(error)
                return
            self._pieces.put(piece)
            if not piece:
                return
