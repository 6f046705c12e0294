"""JSON records that carry a digest of themselves, so that damage which keeps them JSON is noticed.

A sealed record is an object with one key more, `seal`: the SHA-256 of all others. It guards against
disks, copies and mixed-up files, not against somebody who wants to deceive: who can write the
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
    """A file is not what was written."""


def sealed_text(record: Mapping[str, Any], indent: int | None = 1) -> str:
    """Return the text of a record with its seal; one line where `indent` is None."""
    plain = json.loads(json.dumps(dict(record)))  # as it will be read: keys are text, no tuples
    return json.dumps({**plain, SEAL: json_digest(plain)}, indent=indent)


def open_sealed(text: str | bytes, older: Older | None = None) -> dict[str, Any]:
    """Return the record in a text that `sealed_text` made, without its seal.

    Args:
        text: JSON.
        older: says of a record that has no seal whether an older version of ipip wrote it so; by
            default none did.

    Raises:
        DamagedError: it is no such record, or its seal is not that of its content. The message says
            which; the caller names the file.
    """
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        raise DamagedError("it is not JSON") from None
    if not isinstance(record, dict):
        raise DamagedError("it is no record")
    seal = record.pop(SEAL, None)
    if seal is None and older is not None and older(record):
        return record
    if seal is None:
        raise DamagedError("it has no seal")
    if seal != json_digest(record):
        raise DamagedError("its content is not the one that was written")
    return record


def read_sealed(path: Path, older: Older | None = None) -> dict[str, Any]:
    """Read the record in a file; see `open_sealed`.

    Raises:
        FileNotFoundError: it is not there.
        DamagedError: it is damaged; the message names the file.
    """
    try:
        return open_sealed(path.read_bytes(), older)
    except DamagedError as error:
        raise DamagedError(f"{path} is damaged: {error}") from None
