"""The outcomes of all checks on one potential, and the verdict."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from ipip.pages.numbers import format_number
from ipip.physics.listing import CHECKS
from ipip.physics.outcome import Measure, Outcome
from ipip.physics.subject import Subject

FORMAT_VERSION = 1


@dataclasses.dataclass(frozen=True)
class PhysicsReport:
    """The outcomes of one potential.

    Attributes:
        name: of the potential.
        outcomes: of the checks, in order.
        provenance: identity of the potential.
        structures: formulas of the checked structures.
        made_up: whether the structures were generated from the elements.
        quick: whether the short form was used.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    provenance: dict[str, Any]
    structures: tuple[str, ...]
    made_up: bool
    quick: bool

    @property
    def failed(self) -> list[Outcome]:
        """Outcomes of the checks that do not hold."""
        return [outcome for outcome in self.outcomes if outcome.state == "fails"]

    @property
    def holding(self) -> list[Outcome]:
        """Outcomes of the checks that hold."""
        return [outcome for outcome in self.outcomes if outcome.state == "holds"]

    @property
    def verdict(self) -> str:
        """The result in one sentence."""
        judged = len(self.failed) + len(self.holding)
        if not self.failed:
            return f"{self.name}: all {judged} checks hold."
        first = "; ".join(
            f"{title_of(outcome.check)} ({describe_measure(outcome.telling)})"
            if outcome.telling is not None and not outcome.raised
            else title_of(outcome.check)
            for outcome in self.failed[:3]
        )
        more = f", and {len(self.failed) - 3} more" if len(self.failed) > 3 else ""
        return f"{self.name}: {len(self.failed)} of {judged} checks fail: {first}{more}."


def title_of(name: str) -> str:
    """Return the title of a check by its name."""
    return next((check.title for check in CHECKS if check.name == name), name)


def describe_measure(measure: Measure | None) -> str:
    """Return a measure in words: name, value, bound, place."""
    if measure is None:
        return ""
    value = format_number(measure.value) if math.isfinite(measure.value) else "not finite"
    text = f"{measure.name} {value} {measure.unit}".rstrip()
    if measure.bound is not None:
        sign = "≥" if measure.at_least else "≤"
        text += f" (bound {sign} {measure.bound:.3g})"
    return f"{text}: {measure.place}" if measure.place else text


def plain_outcome(outcome: Outcome) -> dict[str, Any]:
    """Return an outcome as JSON-able values, without its pictures; not finite is null."""
    return {
        "check": outcome.check,
        "state": outcome.state,
        "measures": [
            {
                "name": measure.name,
                "value": float(measure.value) if math.isfinite(measure.value) else None,
                "unit": measure.unit,
                "bound": None if measure.bound is None else float(measure.bound),
                "at_least": measure.at_least,
                "holds": measure.holds,
                "place": measure.place,
            }
            for measure in outcome.measures
        ],
        "note": outcome.note,
    }


def plain_report(report: PhysicsReport) -> dict[str, Any]:
    """Return a report as JSON-able values: verdict first."""
    sources = {check.name: check for check in CHECKS}
    return {
        "verdict": report.verdict,
        "name": report.name,
        "failed": [outcome.check for outcome in report.failed],
        "checks": [
            plain_outcome(outcome)
            | {
                "title": title_of(outcome.check),
                "bound": sources[outcome.check].bound,
                "source": sources[outcome.check].source,
                "seconds": round(outcome.seconds, 3),
                "pictures": [
                    {
                        "x": picture.x_title,
                        "y": picture.y_title,
                        "curves": [dataclasses.asdict(curve) for curve in picture.curves],
                    }
                    for picture in outcome.pictures
                ],
            }
            for outcome in report.outcomes
        ],
        "structures": list(report.structures),
        "structures_made_up": report.made_up,
        "quick": report.quick,
        "provenance": report.provenance,
        "format_version": FORMAT_VERSION,
    }


def described_structures(subject: Subject) -> tuple[str, ...]:
    """Return the formulas of a potential's structures."""
    return tuple(str(atoms.symbols.formula.format("metal")) for atoms in subject.structures)
