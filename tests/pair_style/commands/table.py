"""All entries, in the order of the documented table."""

from __future__ import annotations

from tests.pair_style.commands import (  # noqa: F401
    ensembles,
    exclusions,
    monte_carlo,
    outputs,
    replicas,
    settings,
)
from tests.pair_style.commands.registry import ENTRIES

__all__ = ["ENTRIES"]
