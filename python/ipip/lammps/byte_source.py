"""The source of the text of a dump."""

from __future__ import annotations

from typing import Protocol


class ByteSource(Protocol):
    """A file, or a decompressor of one."""

    def readinto(self, target: memoryview, /) -> int | None:
        """Fill the target from its start; return the number of bytes, 0 at the end."""

    def close(self) -> None:
        """Close the file."""
