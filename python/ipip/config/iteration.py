"""Settings of what happens from one round to the next: forgetting, relabelling, retraining."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ipip.config.base import Settings


class IterationSettings(Settings):
    """Treatment of the pretraining set and of the weights from one round to the next."""

    forget_fraction: float = Field(
        0.1,
        ge=0,
        lt=1,
        description="fraction of the pretraining set that a round forgets, at random",
    )
    kept_labels: Literal["student", "trust", "keep"] = Field(
        "student",
        description="labels of kept frames: student: relabelled by the last round's student (the"
        " paper); trust: by the student where its uncertainty is low, by the teacher"
        " elsewhere; keep: unchanged",
    )
    labeller: Literal["student", "average", "committee"] = Field(
        "student",
        description="the labelling student: student: the last one; average: the mean of"
        " the weights of the last `averaged` students of a warm chain; committee: the mean of the"
        " predictions of the last student and its committee",
    )
    averaged: int = Field(
        3, ge=2, description="students whose weights are averaged, for labeller: average"
    )
    committee: int = Field(
        1,
        ge=1,
        description="members of the committee, including the student itself; the others are"
        " fine-tuned from the same pretrained weights on random subsets of the reference frames",
    )
    committee_share: float = Field(
        0.8,
        gt=0,
        lt=1,
        description="fraction of the reference training frames on which each further member is "
        "trained",
    )
    uncertainty: Literal["distance", "committee", "expected_error"] = Field(
        "distance",
        description="criterion of kept_labels: trust: distance: of a frame to the nearest reference"
        " training frame in the student's feature space; committee: spread of its forces;"
        " expected_error: the largest expected force error (docs/uncertainty.md)",
    )
    trust_factor: float = Field(
        1.0,
        gt=0,
        description="the student labels a frame up to this many times the uncertainty below which"
        " 95 % of the reference validation frames stay",
    )
    start: Literal["scratch", "warm"] = Field(
        "scratch",
        description="weights with which a round's pretraining starts: scratch: new ones (the"
        " paper); warm: those of the last round's student",
    )
    replay: float = Field(
        0.0,
        ge=0,
        description="pretraining frames that are mixed into the fine-tuning, drawn at random, as a"
        " multiple of the reference training frames; 0: none (the paper)",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> IterationSettings:
        if self.labeller == "average" and self.start != "warm":
            raise ValueError(
                "labeller is average but start is scratch: weights of students that started from"
                " different random ones cannot be averaged; set start: warm, or labeller: committee"
            )
        if self.labeller == "committee" and self.committee < 2:
            raise ValueError(
                "labeller is committee, which has 1 member; set committee to 2 or more"
            )
        if self.kept_labels == "trust" and self.uncertainty == "committee" and self.committee < 2:
            raise ValueError(
                "uncertainty is committee, which has 1 member; set committee to 2 or more, or"
                " uncertainty: distance"
            )
        return self
