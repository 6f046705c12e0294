"""JSON records with a digest of their content, which reveals damage that leaves valid JSON.

A sealed record is an object with an additional key, `seal`: the SHA-256 of all others. It protects
against failing disks, bad copies and mixed-up files, not against forgery: whoever can write the
record can write its seal.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ipip.errors import IpipError
from ipip.storage.digest import json_digest

SEAL = "seal"
Older = Callable[[Mapping[str, Any]], bool]


class DamagedError(IpipError):
    """A file is damaged: its content is not what was written."""


def sealed_text(record: Mapping[str, Any], indent: int | None = 1) -> str:
    """Return the text of a record with its seal; one line where `indent` is None."""
    plain = json.loads(json.dumps(dict(record)))  # as it will be read: text keys, lists
    return json.dumps({**plain, SEAL: json_digest(plain)}, indent=indent)


def open_sealed(text: str | bytes, older: Older | None = None) -> dict[str, Any]:
    """Return the record in a text that `sealed_text` made, without its seal.

    Args:
        text: JSON.
        older: returns whether an older version of ipip wrote a record without a seal; by default
            none did.

    Raises:
        DamagedError: it is no such record, or its seal does not match its content. The message says
            which; the caller names the file.
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedError("it is not JSON") from None
    if not isinstance(record, dict):
        raise DamagedError("it is not a JSON object")
    seal = record.pop(SEAL, None)
    if seal is None and older is not None and older(record):
        return record
    if seal is None:
        raise DamagedError("it has no seal")
    if seal != json_digest(record):
        raise DamagedError("its content does not match its seal")
    return record


def read_sealed(path: Path, older: Older | None = None) -> dict[str, Any]:
    """Read the record in a file; see `open_sealed`.

    Raises:
        FileNotFoundError: it does not exist.
        DamagedError: it is damaged; the message names the file.
    """
    try:
        return open_sealed(path.read_bytes(), older)
    except DamagedError as error:
        raise DamagedError(f"{path} is damaged: {error}") from None
