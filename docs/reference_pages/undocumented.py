"""What stops the build: something public without a sentence."""

from __future__ import annotations

from collections.abc import Sequence


class UndocumentedError(Exception):
    """Names each thing that lacks a sentence."""


def require_sentences(missing: Sequence[str], remedy: str) -> None:
    """Refuse to write a page that leaves something unexplained.

    Raises:
        UndocumentedError: `missing` names something.
    """
    if missing:
        raise UndocumentedError(f"no sentence for {', '.join(missing)}: {remedy}")
