"""Text from a file in messages."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text as one line: control characters and lone surrogates become blanks."""
    return "".join(letter if letter.isprintable() else " " for letter in text)
