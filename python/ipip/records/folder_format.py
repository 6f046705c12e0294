"""The format of a run folder: one that this version does not read is refused and left alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ipip.errors import InputError
from ipip.storage.sealed import DamagedError, read_sealed

FORMAT: Final = (
    3  # of what stages leave; 1: without digests of itself, 2: frames in text, untyped figures
)
MANIFEST = "manifest.json"


def require_format(root: Path) -> None:
    """Check that the stages of a run folder are of the format that this version reads.

    Args:
        root: run folder; nothing in it is changed.

    Raises:
        InputError: an earlier or a later version of ipip wrote one of them.
    """
    for path in sorted(root.glob(f"round_[0-9]*/*/{MANIFEST}")):
        number = _format_of(path)
        if number is None or number == FORMAT:
            continue
        if number > FORMAT:
            raise InputError(
                f"{root}: was written by a later version of ipip (format {number}, this version "
                f"reads {FORMAT}): update ipip; nothing there was changed"
            )
        raise InputError(
            f"{root}: was written by an earlier version of ipip (format {number}, this version "
            f"reads {FORMAT}): continue it with that version, or compute it again with `ipip run "
            f"{root / 'config.lock.yaml'} --dir NEW`; nothing there was changed"
        )


def _format_of(path: Path) -> int | None:
    """Return the format that a manifest states; None where it is damaged: others report that."""
    try:
        number = read_sealed(path, _is_unsealed)["format_version"]
    except (OSError, DamagedError, KeyError):
        return None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _is_unsealed(plain: Mapping[str, Any]) -> bool:
    """Say whether a manifest without a digest of itself is of the format that had none."""
    return plain.get("format_version") == 1 and "stage" in plain
