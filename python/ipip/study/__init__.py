"""Comparisons of ways to train a student, with equal budgets and several seeds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.lazy import lazy_names
from ipip.study.arms import Arm, Budget, build_arms
from ipip.study.compare import Comparison, Score, compare_arms

__all__ = [
    "Arm",
    "Budget",
    "Comparison",
    "Score",
    "build_arms",
    "compare_arms",
    "run_study",
]

if TYPE_CHECKING:
    from ipip.study.driver import run_study

__getattr__ = lazy_names(
    __name__,
    {
        "run_study": "ipip.study.driver",
    },
)
