"""Settings of the loop's end, of rollback, and of the students for comparison."""

from __future__ import annotations

from pydantic import Field

from ipip.config.base import Settings
from ipip.config.influence import ON_ROUNDS


class StopSettings(Settings):
    """Rules by which the loop ends before all rounds are done, or rolls back a round."""

    min_gain: float | None = Field(
        0.01,
        ge=0,
        description="the run may end when the validation force error fell by less than this "
        "fraction"
        " of the best earlier one, in `patience` rounds in a row; null: never for this reason",
    )
    patience: int = Field(2, ge=1, description="rounds in a row without that gain")
    max_failure_rate: float = Field(
        0.2,
        gt=0,
        le=1,
        description="... and when the upper end of the 95 % Wilson interval of the failure rate is"
        " also below this (0 of 18 failures: 0.18; 0 of 73: 0.05)",
    )
    min_new_frames: int = Field(
        1, ge=0, description="the run ends when a harvest selects fewer frames than this"
    )
    rollback_above: float | None = Field(
        0.1,
        ge=0,
        description="a round whose validation force error is above that of its starting round by "
        "more than this fraction, unless it clearly fails less often, or that clearly fails more "
        "often, is rolled back: the next round has the same start; null: never (the paper)",
    )
    rollback_on_physics: bool = Field(
        False,
        description="with `physics`: also roll back a round whose student fails a check that its"
        " starting round passed",
    )
    wall_hours: float | None = Field(
        None, gt=0, description="h; no stage starts after this much computing; null: no limit"
    )
    teacher_calls: int | None = Field(
        None,
        ge=1,
        description="most evaluations of the teacher, including its MD; a harvest that could exceed"
        " them does not start; null: no limit",
    )


class BaselineSettings(Settings):
    """Students to compare the loop with; no influence on the loop itself."""

    none: bool = Field(
        False,
        description="also train a student on the reference frames alone, without pretraining, and"
        " evaluate it like the others",
        json_schema_extra=ON_ROUNDS,
    )
    match_steps: bool = Field(
        True,
        description="train it for as many optimiser steps as pretraining and fine-tuning of round 0"
        " together; false: as many as finetune",
    )
