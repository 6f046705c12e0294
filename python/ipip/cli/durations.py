"""Durations as text for people."""


def rough_duration(seconds: float) -> str:
    """Return an expected duration in one unit: ``12 s``, ``7 min``, ``1.5 h``."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"
