"""One line for each student that the contract is checked on."""

from __future__ import annotations

from typing import Any

from ipip.models import Student, build_student

STUDENTS: dict[str, tuple[str, dict[str, Any]]] = {
    "painn": ("painn", {}),
    "painn-shared-gaussian": (
        "painn",
        {"shared_filters": True, "radial": "gaussian", "n_radial": 20, "layers": 3},
    ),
    "painn-zbl": ("painn", {"zbl": True}),
    "visnet-1": ("visnet", {"attention_heads": 2, "layers": 3}),
    "visnet-2": ("visnet", {"attention_heads": 4, "lmax": 2, "layers": 3}),
}


def small_student(name: str, **more: Any) -> Student:
    """Build the student of a line in float64, with few channels and some arguments changed."""
    architecture, arguments = STUDENTS[name]
    settings = {"channels": 8, "layers": 2, "dtype": "float64"} | arguments | more
    return build_student(architecture, ["Mo", "S", "O"], seed=7, **settings)
