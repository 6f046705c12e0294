"""The reply of a teacher's process to a request that it cannot serve."""

from __future__ import annotations

from typing import Any


class RefusedError(Exception):
    """A request that cannot be served; cause is one of 'package', 'model', 'frame'."""

    def __init__(self, cause: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.cause = cause
        self.details = details
