"""The verdict of a run in sentences, from its figures; equal runs have equal verdicts."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two force errors on the same held-out frames.

    Attributes:
        mine, other: mean absolute force errors, eV/Å.
        interval: 95 % interval of mine - other, eV/Å; None if there is none.
        withheld: why there is none.
    """

    mine: float
    other: float
    interval: tuple[float, float] | None
    withheld: str | None = None

    @property
    def word(self) -> str:
        """``lower``, ``higher``, ``not distinguishable``, or ``not tested`` without an interval."""
        if self.interval is None:
            return "not tested"
        low, high = self.interval
        if high < 0:
            return "lower"
        if low > 0:
            return "higher"
        return "not distinguishable"

    @property
    def change(self) -> str:
        """Relative change, ``-23 %``."""
        if not self.other:
            return "n/a"
        percent = round(100 * (self.mine / self.other - 1))
        return f"{percent:+d} %" if percent else "0 %"


@dataclasses.dataclass(frozen=True)
class StudentFigures:
    """The selected student's stability.

    Attributes:
        round: index.
        failed, total: stability runs.
    """

    round: int
    failed: int
    total: int


def describe_verdict(
    student: StudentFigures,
    against_teacher: Comparison,
    against_first: Comparison | None,
    first_failures: tuple[int, int] | None,
    rounds: int,
) -> str:
    """Return the verdict: better than the teacher or not, gain by iterating, stability.

    Args:
        student: the selected student.
        against_teacher: its error against the teacher's.
        against_first: its error against round 0's student; None if it is that student.
        first_failures: failed and total of round 0's student; None if it is that student.
        rounds: number of finished rounds, including round 0.
    """
    sentences = [_accuracy(student.round, against_teacher)]
    if rounds > 1:
        sentences.append(_iteration(against_first, student.round))
    sentences.append(_stability(student, first_failures))
    return " ".join(sentence for sentence in sentences if sentence)


def _accuracy(index: int, c: Comparison) -> str:
    figures = f"{c.mine:.3f} against {c.other:.3f} eV/Å, {c.change}"
    if c.word == "lower":
        return f"The student of round {index} beats the teacher on held-out forces ({figures})."
    if c.word == "higher":
        return (
            f"The student of round {index} is worse than the teacher on held-out forces "
            f"({figures})."
        )
    if c.interval is None:
        return (
            f"On held-out forces the student of round {index} and the teacher have {figures}: "
            f"whether this is chance is undetermined, {c.withheld}."
        )
    low, high = c.interval
    return (
        f"The student of round {index} and the teacher are not distinguishable on held-out "
        f"forces ({figures}; 95 % interval of the difference {low:+.3f} to {high:+.3f})."
    )


def _iteration(c: Comparison | None, index: int) -> str:
    if c is None:
        return "Iterating gave no better student than pretraining once."
    figures = f"{c.mine:.3f} against {c.other:.3f} eV/Å, {c.change}"
    if c.word == "lower":
        return f"Iterating helped: round {index} against round 0 is {figures}."
    if c.word == "higher":
        return (
            f"Iterating cost accuracy on the held-out frames: round {index} against round 0 is "
            f"{figures}."
        )
    if c.interval is None:
        return (
            f"Whether iterating improved accuracy is also undetermined: round {index} against "
            f"round 0 is {figures}."
        )
    return (
        f"Whether iterating improved accuracy is unclear: round {index} against round 0 is "
        f"{figures}."
    )


def _stability(student: StudentFigures, first: tuple[int, int] | None) -> str:
    if student.total == 0:
        return ""
    text = f"{student.failed} of {student.total} stability runs failed"
    if first is not None and first[1]:
        text += f" (round 0: {first[0]} of {first[1]})"
    return text + "."
