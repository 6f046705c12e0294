"""Counts as text for people."""


def counted(number: int, noun: str) -> str:
    """Return a number with its noun: ``1 epoch``, ``3 epochs``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
