"""Checks that ask whether the laws of `ipip.physics.laws` hold, structure by structure."""

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
PRECISE = "rounding alone: ten times what equal float32 sums differ by in another order, by size"
FACTOR = 10.0  # between the contract of our own backends and what MD notices


@dataclasses.dataclass(frozen=True)
class Judged:
    """What came of one case.

    Attributes:
        agreement: of what was compared; infinitely far apart where something else was wrong.
        message: what was wrong, empty where the law holds.
    """

    agreement: Agreement
    message: str = ""


def judge(case: Callable[[], Agreement]) -> Judged | None:
    """Run a law; None where it does not apply."""
    try:
        return Judged(case())
    except DoesNotApply:
        return None
    except ContractError as error:
        return Judged(error.agreement or Agreement("", math.inf, 1.0, ""), str(error))


def by_laws(check: PhysicsCheck, cases: Sequence[Case], factor: float = FACTOR) -> Outcome:
    """Return the outcome of a check that holds where all laws do.

    Args:
        check: of which it is the outcome.
        cases: name and law of each; a name may come more than once.
        factor: on the bounds of the laws.
    """
    judged = [(name, found) for name, case in cases if (found := judge(case)) is not None]
    if not judged:
        return check.not_applicable("no structure has what it is about")
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
                "The largest difference of what must be equal, over its bound (line).",
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
    """Return each law on each structure as cases."""
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
