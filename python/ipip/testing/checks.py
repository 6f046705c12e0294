"""The parts of a contract: named checks, their errors and reports."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ipip.errors import InputError
from ipip.physics.laws.agreement import ContractError, DoesNotApply

__all__ = ["Check", "ContractError", "ContractReport", "DoesNotApply"]


@dataclasses.dataclass(frozen=True)
class Check:
    """A property that must hold; call it to run the check.

    Attributes:
        name: what must hold, in words joined by `_`.
        subject: such as a structure; may be empty.
        body: raises `ContractError` if the property does not hold.
        left_out: why the check does not apply or is skipped; empty if it runs.
    """

    name: str
    subject: str
    body: Callable[[], object] = dataclasses.field(repr=False)
    left_out: str = ""

    @property
    def label(self) -> str:
        """Name and subject in one."""
        return f"{self.name}[{self.subject}]" if self.subject else self.name

    def __call__(self) -> None:
        """Run the check.

        Raises:
            ContractError: the property does not hold, or the subject raised an error.
            unittest.SkipTest: the check does not apply or is skipped.
        """
        if self.left_out:
            raise DoesNotApply(self.left_out)
        try:
            self.body()
        except ContractError as error:
            raise ContractError(f"{self.label}: {error}") from None
        except DoesNotApply:
            raise
        except Exception as error:
            raise ContractError(f"{self.label}: raised {type(error).__name__}: {error}") from error


@dataclasses.dataclass(frozen=True)
class ContractReport:
    """The result of checks.

    Attributes:
        passed: labels of the checks that hold.
        left_out: labels of the skipped checks, with the reason of each.
    """

    passed: tuple[str, ...]
    left_out: Mapping[str, str]


def without(checks: Iterable[Check], skip: Mapping[str, str]) -> list[Check]:
    """Skip checks by name.

    Args:
        checks: the checks.
        skip: the reason for each name; a label skips a check on one structure only.

    Raises:
        InputError: a name is not a check, or a reason is empty.
    """
    every = list(checks)
    for name, reason in skip.items():
        if not any(name in (check.name, check.label) for check in every):
            names = ", ".join(dict.fromkeys(check.name for check in every))
            raise InputError(f"skip names {name!r}; expected one of: {names}")
        if not reason:
            raise InputError(f"skip has no reason for {name}; state why it is skipped")
    return [
        dataclasses.replace(
            check, left_out=skip.get(check.name, skip.get(check.label, check.left_out))
        )
        for check in every
    ]


def run_checks(checks: Sequence[Check]) -> ContractReport:
    """Run all checks, even after a failure.

    Raises:
        ContractError: with a line for each check that fails.
    """
    passed, failures = [], []
    left_out = {}
    for check in checks:
        try:
            check()
        except DoesNotApply as reason:
            left_out[check.label] = str(reason)
        except ContractError as error:
            failures.append(str(error))
        else:
            passed.append(check.label)
    if failures:
        ran = len(passed) + len(failures)
        raise ContractError("\n".join([f"{len(failures)} of {ran} checks fail:", *failures]))
    return ContractReport(tuple(passed), left_out)


def parametrize_checks(checks: Sequence[Check] | Mapping[str, Sequence[Check]]) -> Any:
    """Parametrize a pytest test with argument `check` over checks.

    Needs pytest, which is imported here and nowhere else. Checks that do not apply are reported as
    skipped, with the reason.

    Args:
        checks: from `calculator_checks` or `student_checks`; for several calculators or students
            such lists by name; the names are prefixes of the cases.

    Returns:
        A decorator: `pytest.mark.parametrize("check", ...)`.
    """
    import pytest

    groups = checks if isinstance(checks, Mapping) else {"": checks}
    cases = [
        pytest.param(check, id=f"{name}-{check.label}" if name else check.label)
        for name, group in groups.items()
        for check in group
    ]
    return pytest.mark.parametrize("check", cases)
