"""All entries, in the order of the documented table."""

from __future__ import annotations

from tests.pair_style.commands import exclusions, monte_carlo  # noqa: F401
from tests.pair_style.commands.registry import ENTRIES

__all__ = ["ENTRIES"]
