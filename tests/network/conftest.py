"""Frames with labels that need no calculator."""

from tests.data.conftest import frames

__all__ = ["frames"]
