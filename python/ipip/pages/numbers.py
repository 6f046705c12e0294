"""Numbers in the notation of people."""

from __future__ import annotations

# The format of the plots (d3): the same digits, and no powers of ten for large numbers.
THREE_DIGITS, FOUR_DIGITS = ".3~r", ".4~r"


def format_number(value: float) -> str:
    """Return a number with at least three digits, and without a power of ten if it is large."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
