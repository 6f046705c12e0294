"""The text of a dump, plain or compressed, a part at a time in a buffer of bounded size."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt

from ipip.errors import InputError
from ipip.lammps.byte_source import ByteSource
from ipip.lammps.read_ahead import ReadAhead

CHUNK = 1 << 22  # bytes that are asked for at a time


class Window:
    """A part of a dump's text that moves on; a frame must fit in it, so it grows to the largest.

    Args:
        path: dump; ``.gz`` and ``.zst`` are decompressed on the way.
        offset: bytes of text (after decompression) to leave out at the start.
        chunk: bytes to read at a time.

    Attributes:
        data: buffer.
        begin, end: the part of the buffer that holds text which is not used up.
        offset: bytes of text before ``begin``.

    Raises:
        InputError: no such file, less text than the offset, or damaged compression.
    """

    def __init__(self, path: Path, offset: int = 0, chunk: int = CHUNK) -> None:
        self.path = path
        self.data: npt.NDArray[np.uint8] = np.empty(chunk, dtype=np.uint8)
        self.begin = self.end = 0
        self.offset = offset
        self._source = _open(path, offset)

    def fill(self) -> bool:
        """Read more text behind the unused part; False at the end of the file."""
        unused = self.end - self.begin
        if unused > len(self.data) // 2:
            larger = np.empty(2 * len(self.data), dtype=np.uint8)
            larger[:unused] = self.data[self.begin : self.end]
            self.data = larger
        elif self.begin:
            self.data[:unused] = self.data[self.begin : self.end]
        self.begin, self.end = 0, unused
        try:
            count = self._source.readinto(self.data.data[self.end :]) or 0
        except _damaged() as error:
            raise InputError(f"dump {self.path}: its compression is damaged: {error}") from None
        self.end += count
        return count > 0

    def advance(self, begin: int) -> None:
        """Use up the text before ``begin`` (a place in the buffer)."""
        self.offset += begin - self.begin
        self.begin = begin

    def is_blank(self) -> bool:
        """Whether nothing but white space is left in the buffer."""
        return not self.data[self.begin : self.end].tobytes().strip()

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def _open(path: Path, offset: int) -> ByteSource:
    try:
        if path.suffix == ".gz":
            source: ByteSource = Inflater(path)
        elif path.suffix == ".zst":
            source = _zstandard(path)
        else:
            plain = path.open("rb", buffering=0)
            size = plain.seek(0, io.SEEK_END)
            plain.seek(min(offset, size))
            if offset <= size:
                return plain
            plain.close()
            raise _too_short(path, offset, size)
        if len(os.sched_getaffinity(0)) > 1:
            source = ReadAhead(source)
    except OSError as error:
        raise InputError(f"dump {path} cannot be read: {error.strerror}") from None
    skipped, scratch = 0, memoryview(bytearray(min(CHUNK, max(offset, 1))))
    while skipped < offset:
        count = source.readinto(scratch[: min(len(scratch), offset - skipped)]) or 0
        if count == 0:
            source.close()
            raise _too_short(path, offset, skipped)
        skipped += count
    return source


def _too_short(path: Path, offset: int, size: int) -> InputError:
    return InputError(
        f"dump {path} has {size} bytes of text, fewer than the {offset} after which reading was to "
        "go on: the file was replaced; read it from its start"
    )


def _damaged() -> tuple[type[Exception], ...]:
    import zstandard
    from isal import isal_zlib

    return (cast(type[Exception], isal_zlib.error), zstandard.ZstdError)


def _zstandard(path: Path) -> ByteSource:
    import zstandard

    reader: ByteSource = zstandard.ZstdDecompressor().stream_reader(
        path.open("rb"), read_across_frames=True, closefd=True
    )
    return reader


class Inflater:
    """Reads gzip files, of several members too; one that is cut off ends where it is cut off.

    The standard library's reader raises at the cut instead, and inflates half as fast.
    """

    def __init__(self, path: Path) -> None:
        from isal import isal_zlib

        self._new = isal_zlib.decompressobj
        self._file = path.open("rb", buffering=0)
        self._stream = self._new(wbits=31)
        self._input = b""

    def readinto(self, target: memoryview, /) -> int:
        """Fill the target from its start; return the number of bytes, 0 at the end."""
        while True:
            if self._stream.eof:
                self._input = self._stream.unused_data.lstrip(b"\0")
                if self._input:
                    self._stream = self._new(wbits=31)
            if not self._input:
                self._input = self._file.read(1 << 18)
                if not self._input:
                    return 0
                if self._stream.eof:
                    self._stream = self._new(wbits=31)
            text = self._stream.decompress(self._input, len(target))
            self._input = self._stream.unconsumed_tail
            if text:
                target[: len(text)] = text
                return len(text)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
