"""Names of files in pictures."""

from __future__ import annotations


def shown_name(name: str) -> str:
    """Return a file's name as drawable text.

    In an ASCII locale, Python represents other bytes of a name as lone surrogates, which
    matplotlib refuses. They are UTF-8 on nearly every disk.
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
