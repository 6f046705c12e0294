"""Comparisons of ways to train a student, under equal budgets and over several seeds."""

from ipip.study.arms import Arm, Budget, build_arms
from ipip.study.compare import Comparison, Score, compare_arms

__all__ = ["Arm", "Budget", "Comparison", "Score", "build_arms", "compare_arms"]
