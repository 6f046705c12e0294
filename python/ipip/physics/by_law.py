"""Checks whether the laws of `ipip.physics.laws` hold for each structure."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

from ase import Atoms

from ipip.physics.check import PhysicsCheck
from ipip.physics.laws.agreement import Agreement, ContractError, DoesNotApply
from ipip.physics.laws.structures import numbered
from ipip.physics.outcome import Curve, Measure, Outcome, Picture
from ipip.physics.subject import Subject

Case = tuple[str, Callable[[], Agreement]]
PRECISE = "rounding only: ten times the difference of float32 sums in another order, by size"
FACTOR = 10.0  # between the contract of ipip's backends and what matters in MD


@dataclasses.dataclass(frozen=True)
class Judged:
    """The result of one case.

    Attributes:
        agreement: of the compared values; an infinite difference after another error.
        message: what was wrong; empty if the law holds.
    """

    agreement: Agreement
    message: str = ""


def judge(case: Callable[[], Agreement]) -> Judged | None:
    """Evaluate a law; None if it does not apply."""
    try:
        return Judged(case())
    except DoesNotApply:
        return None
    except ContractError as error:
        return Judged(error.agreement or Agreement("", math.inf, 1.0, ""), str(error))


def by_laws(check: PhysicsCheck, cases: Sequence[Case], factor: float = FACTOR) -> Outcome:
    """Return the outcome of a check that holds if all laws hold.

    Args:
        check: the check.
        cases: name and law of each; names may repeat.
        factor: on the bounds of the laws.
    """
    judged = [(name, result) for name, case in cases if (result := judge(case)) is not None]
    if not judged:
        return check.not_applicable("it applies to no structure")
    name, worst = max(judged, key=lambda one: one[1].agreement.ratio)
    agreement = worst.agreement
    names = tuple(dict.fromkeys(own for own, _ in judged))
    ratios = tuple(
        _drawn(max(f.agreement.ratio for own, f in judged if own == one) / factor) for one in names
    )
    measures = [Measure("largest difference over its bound", agreement.ratio / factor, "", 1.0)]
    if math.isfinite(agreement.difference):
        bound = factor * agreement.bound
        measures = [
            Measure(agreement.what, agreement.difference, agreement.unit, bound, place=name),
            *measures,
        ]
    return check.found(
        measures=tuple(measures),
        pictures=(
            Picture(
                "The largest difference of values that must be equal, over its bound (line).",
                "",
                "difference / bound",
                (Curve("difference", names, ratios),),
                kind="bars",
                log=True,
                bound=1.0,
            ),
        ),
        note=worst.message if agreement.ratio > factor else "",
    )


def per_structure(
    subject: Subject,
    structures: Sequence[Atoms],
    *laws: Callable[..., Agreement],
) -> list[Case]:
    """Return a case for each law on each structure."""
    return [
        (
            name,
            lambda law=law, atoms=atoms: law(subject.evaluate, atoms, subject.precision),  # type: ignore[misc]
        )
        for name, atoms in zip(numbered(structures), structures, strict=True)
        for law in laws
    ]


def _drawn(ratio: float) -> float | None:
    return max(ratio, 1e-6) if math.isfinite(ratio) else None
