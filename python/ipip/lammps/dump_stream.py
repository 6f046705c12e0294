"""Opening the text of a dump, plain or compressed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import cast

from ipip.errors import InputError
from ipip.lammps.byte_source import ByteSource
from ipip.lammps.read_ahead import ReadAhead

SKIPPED = 1 << 18  # bytes that are decompressed at a time to reach the start of reading


def open_plain(path: Path, offset: int = 0) -> int:
    """Open a plain dump; return its descriptor, positioned after ``offset`` bytes.

    Raises:
        InputError: no such file, or fewer bytes than the offset.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"dump {path} cannot be read: {error.strerror}") from None
    size = os.fstat(descriptor).st_size
    if offset > size:
        os.close(descriptor)
        raise _too_short(path, offset, size)
    os.lseek(descriptor, offset, os.SEEK_SET)
    with contextlib.suppress(OSError):  # only a hint
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_SEQUENTIAL)
    return descriptor


def head_of(path: Path, size: int = 128) -> bytes:
    """Return the first bytes of a dump's text, or all if it is shorter.

    Raises:
        InputError: the file cannot be read.
    """
    if not is_compressed(path):
        descriptor = open_plain(path)
        try:
            return os.read(descriptor, size)
        finally:
            os.close(descriptor)
    source = open_compressed(path)
    try:
        head = bytearray(size)
        return bytes(head[: source.readinto(memoryview(head)) or 0])
    finally:
        source.close()


def is_compressed(path: Path) -> bool:
    """Return whether the name has a suffix of a compressed file."""
    return path.suffix in {".gz", ".zst"}


def open_compressed(path: Path, offset: int = 0, ahead: bool = False) -> ByteSource:
    """Open a dump that is compressed by gzip (.gz) or zstandard (.zst).

    Args:
        path: dump.
        offset: bytes of text (after decompression) to skip at the start.
        ahead: whether to decompress in a second thread.

    Returns:
        Its text. Reading raises InputError if the compression is damaged.

    Raises:
        InputError: no such file, less text than the offset, or damaged compression.
    """
    try:
        source = Decompressed(path)
    except OSError as error:
        raise InputError(f"dump {path} cannot be read: {error.strerror}") from None
    text: ByteSource = ReadAhead(source) if ahead else source
    try:
        skipped, scratch = 0, memoryview(bytearray(min(SKIPPED, offset)))
        while skipped < offset:
            count = text.readinto(scratch[: min(len(scratch), offset - skipped)]) or 0
            if count == 0:
                raise _too_short(path, offset, skipped)
            skipped += count
    except BaseException:
        text.close()
        raise
    return text


def _too_short(path: Path, offset: int, size: int) -> InputError:
    return InputError(
        f"dump {path} has {size} bytes of text, fewer than the {offset} after which reading was to "
        "continue: the file was replaced; read it from its start"
    )


class Decompressed:
    """The text of a compressed dump."""

    def __init__(self, path: Path) -> None:
        import zstandard
        from isal import isal_zlib

        self._path = path
        self._damaged = (cast(type[Exception], isal_zlib.error), zstandard.ZstdError)
        self._source = Inflater(path) if path.suffix == ".gz" else _zstandard(path)

    def readinto(self, target: memoryview, /) -> int:
        """Fill the target from its start; return the number of bytes, 0 at the end."""
        try:
            return self._source.readinto(target) or 0
        except self._damaged as error:
            raise InputError(f"dump {self._path}: its compression is damaged: {error}") from None
        except OSError as error:
            raise InputError(f"dump {self._path} cannot be read: {error.strerror}") from None

    def close(self) -> None:
        """Close the file."""
        self._source.close()


def _zstandard(path: Path) -> ByteSource:
    import zstandard

    reader: ByteSource = zstandard.ZstdDecompressor().stream_reader(
        path.open("rb"), read_across_frames=True, closefd=True
    )
    return reader


class Inflater:
    """Reads gzip files, also of several members; a truncated file ends at the cut.

    The standard library's reader raises there instead, and inflates half as fast.
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
