"""Numbers as a person writes them."""

from __future__ import annotations

# As plotly (d3) is told to write them: so many digits, and no power of ten where they are large.
THREE_DIGITS, FOUR_DIGITS = ".3~r", ".4~r"


def format_number(value: float) -> str:
    """Return a number with three digits at least; a large one never as a power of ten."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
