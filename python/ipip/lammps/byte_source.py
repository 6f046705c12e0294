"""What the text of a dump comes from."""

from __future__ import annotations

from typing import Protocol


class ByteSource(Protocol):
    """A file, or what decompresses one."""

    def readinto(self, target: memoryview, /) -> int | None:
        """Fill the target from its start; return the number of bytes, 0 at the end."""

    def close(self) -> None:
        """Close the file."""
