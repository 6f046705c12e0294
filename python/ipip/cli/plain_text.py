"""Text on terminals whose encoding lacks some of its characters.

Under ``LC_ALL=C`` or with ``PYTHONIOENCODING=ascii`` an Å, a µ or a file's name would end a command
with a UnicodeEncodeError, hours after it began. Output is made plainer instead. Files that ipip
writes are always UTF-8.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import sys
import unicodedata
from collections.abc import Iterator

ERRORS = "ipip-plain"  # name of the error handler of these streams
_PLAIN = {
    "Å": "A",
    "µ": "u",
    "μ": "u",
    "×": "x",
    "·": "*",
    "±": "+-",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "←": "<-",
    "–": "-",
    "—": "-",
    "−": "-",
    "…": "...",
    "‘": "'",
    "’": "'",
    "“": '"',
    "”": '"',
    "│": "|",
    "━": "-",
    "─": "-",
    "█": "#",
    "●": "*",
    "▶": ">",
    "◐": "+",
    "○": ".",
    "✓": "ok",
    "✗": "x",
    "°": " deg",
    "√": "sqrt",
    "Δ": "Delta ",
    "δ": "delta",
    "σ": "sigma",
}


def plain_character(character: str) -> str | bytes:
    """Return the nearest text in ASCII; a byte of a file's name that is no text stays a byte."""
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00])
    if character in _PLAIN:
        return _PLAIN[character]
    letters = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return letters or "?"


def _replace(error: UnicodeError) -> tuple[str | bytes, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return plain_character(error.object[error.start]), error.start + 1


@contextlib.contextmanager
def plain_output() -> Iterator[None]:
    """Let standard output and error degrade during a block instead of raising."""
    codecs.register_error(ERRORS, _replace)
    streams = [s for s in (sys.stdout, sys.stderr) if isinstance(s, io.TextIOWrapper)]
    before = [stream.errors for stream in streams]
    for stream in streams:
        stream.reconfigure(errors=ERRORS)
    try:
        yield
    finally:
        for stream, errors in zip(streams, before, strict=True):
            if not stream.closed:
                stream.reconfigure(errors=errors)
