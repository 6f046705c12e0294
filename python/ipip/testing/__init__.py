"""Contracts for your own code: checks of students and of ASE calculators.

`check_calculator` and `check_student` run all checks and report which fail; `calculator_checks`
and `student_checks` return them one by one, `parametrize_checks` for pytest. Importing this module
needs neither PyTorch nor pytest; students need the extra `train`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.lazy import lazy_names

__all__ = [
    "FLOAT32",
    "FLOAT64",
    "Check",
    "ContractError",
    "ContractReport",
    "Precision",
    "calculator_checks",
    "check_calculator",
    "check_student",
    "parametrize_checks",
    "run_checks",
    "student_checks",
]

if TYPE_CHECKING:
    from ipip.physics.laws.precision import FLOAT32, FLOAT64, Precision
    from ipip.testing.calculators import calculator_checks, check_calculator
    from ipip.testing.checks import (
        Check,
        ContractError,
        ContractReport,
        parametrize_checks,
        run_checks,
    )
    from ipip.testing.student import check_student, student_checks

__getattr__ = lazy_names(
    __name__,
    {
        "FLOAT32": "ipip.physics.laws.precision",
        "FLOAT64": "ipip.physics.laws.precision",
        "Check": "ipip.testing.checks",
        "ContractError": "ipip.testing.checks",
        "ContractReport": "ipip.testing.checks",
        "Precision": "ipip.physics.laws.precision",
        "calculator_checks": "ipip.testing.calculators",
        "check_calculator": "ipip.testing.calculators",
        "check_student": "ipip.testing.student",
        "parametrize_checks": "ipip.testing.checks",
        "run_checks": "ipip.testing.checks",
        "student_checks": "ipip.testing.student",
    },
)
