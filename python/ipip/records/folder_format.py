"""The format of a run folder: this version refuses other formats and changes nothing in them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from ipip.errors import InputError
from ipip.storage.sealed import DamagedError, read_sealed

FORMAT: Final = (
    3  # of the stages' files; 1: manifests without their digest, 2: frames in text, untyped figures
)
MANIFEST = "manifest.json"


def require_format(root: Path) -> None:
    """Check that this version reads the format of a run folder's stages.

    Args:
        root: run folder; nothing in it is changed.

    Raises:
        InputError: an earlier or later version of ipip wrote one of them.
    """
    for path in sorted(root.glob(f"round_[0-9]*/*/{MANIFEST}")):
        number = _format_of(path)
        if number is None or number == FORMAT:
            continue
        if number > FORMAT:
            raise InputError(
                f"{root}: was written by a later version of ipip (format {number}, this version "
                f"reads {FORMAT}): update ipip; nothing was changed"
            )
        raise InputError(
            f"{root}: was written by an earlier version of ipip (format {number}, this version "
            f"reads {FORMAT}): continue it with that version, or compute it again with `ipip run "
            f"{root / 'config.lock.yaml'} --dir NEW`; nothing was changed"
        )


def _format_of(path: Path) -> int | None:
    """Return the format in a manifest; None if it is damaged, which other checks report."""
    try:
        number = read_sealed(path, _is_unsealed)["format_version"]
    except (OSError, DamagedError, KeyError):
        return None
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _is_unsealed(plain: Mapping[str, Any]) -> bool:
    """Return whether a manifest without a digest is of the format that had none."""
    return plain.get("format_version") == 1 and "stage" in plain
