"""Settings of when the loop ends, when it goes back, and what it is compared with."""

from __future__ import annotations

from pydantic import Field

from ipip.config.base import Settings
from ipip.config.influence import ON_ROUNDS


class StopSettings(Settings):
    """Rules by which the loop ends before all rounds are done, or goes back a round."""

    min_gain: float | None = Field(
        0.01,
        ge=0,
        description="the run may end when the validation force error fell by less than this part"
        " of the best one before, in `patience` rounds in a row; null: never for this reason",
    )
    patience: int = Field(2, ge=1, description="rounds in a row without that gain")
    max_failure_rate: float = Field(
        0.2,
        gt=0,
        le=1,
        description="... and when the upper end of the 95 % Wilson interval of the failure rate is"
        " below this too (0 of 18 failures: 0.18; 0 of 73: 0.05)",
    )
    min_new_frames: int = Field(
        1, ge=0, description="the run ends when a harvest takes fewer frames than this"
    )
    rollback_above: float | None = Field(
        0.1,
        ge=0,
        description="a round whose validation force error is above that of the round it began from"
        " by more than this part, or that clearly fails more often, is rolled back: the next round"
        " begins where it began; null: never (the paper)",
    )
    rollback_on_physics: bool = Field(
        False,
        description="with `physics`: also roll back a round whose student fails a check that held"
        " in the round it began from",
    )
    wall_hours: float | None = Field(
        None, gt=0, description="h; no stage begins after this much computing; null: no limit"
    )
    teacher_calls: int | None = Field(
        None,
        ge=1,
        description="evaluations of the teacher, its MD included; no harvest begins that could"
        " exceed it; null: no limit",
    )


class BaselineSettings(Settings):
    """Students to compare the loop with; no influence on the loop itself."""

    none: bool = Field(
        False,
        description="also train a student on the reference frames alone, without pretraining, and"
        " evaluate it as the others",
        json_schema_extra=ON_ROUNDS,
    )
    match_steps: bool = Field(
        True,
        description="give it as many optimiser steps as pretraining and fine-tuning of round 0 have"
        " together; false: those of finetune",
    )
