"""The settings file of `ipip study`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from ipip.config.base import Settings
from ipip.config.data import DataFile

ArmName = Literal[
    "none",
    "none-long",
    "one-shot",
    "one-shot-long",
    "one-shot-budget",
    "one-shot-hessian",
    "one-shot-n2n",
    "one-shot-a2a",
    "one-shot-frad",
    "one-shot-gpip",
    "iterated",
    "iterated-forget-0",
    "iterated-forget-30",
    "iterated-random",
    "iterated-teacher-labels",
    "iterated-warm",
    "iterated-trust",
]


class ArmSettings(Settings):
    """A custom arm: a standard arm with other settings."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$",
        description="name of the arm: letters, digits and _ . + -",
    )
    like: ArmName = Field("iterated", description="the standard arm of which it is a variant")
    set: dict[str, Any] = Field(
        min_length=1,
        description="settings that differ, by dotted key of the run's settings, such as "
        "{iteration.forget_fraction: 0.5}",
    )
    baseline: str | None = Field(
        None, description="the arm to compare this one with; null: the study's baseline"
    )
    steps: Literal["equal", "epochs"] = Field(
        "equal",
        description="optimiser steps on the labels: equal: as many as the run, so that more labels"
        " are seen fewer times; epochs: as many passes over this arm's labels as the run makes over"
        " its labels, for arms with other numbers of labels",
    )


class StudyProtocol(Settings):
    """A stability protocol for the students of some arms, besides the loop's stability runs."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$",
        description="name of the protocol: letters, digits and _ . + -",
    )
    file: Path = Field(description="settings of `ipip stability`, run for each seed")
    arms: list[str] = Field(
        default_factory=list, description="arms whose students run it; empty: all"
    )


class TestSet(Settings):
    """Labelled frames on which the students of all arms are compared."""

    __test__ = False  # no class of tests, despite its name

    name: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$",
        description="name of the set: letters, digits and _ . + -",
    )
    data: list[DataFile] = Field(min_length=1, description="labelled frames, pooled")


class StudySettings(Settings):
    """A comparison of arms, several seeds each, under equal budgets."""

    run: Path = Field(description="settings file of the iterated arm (as for `ipip run`)")
    seeds: list[int] = Field(
        min_length=2,
        description="seeds of the runs; the runs of one seed share the split of the labels, the "
        "boxes and the first weights, so arms are compared seed by seed",
    )
    arms: list[ArmName | ArmSettings] = Field(
        min_length=2,
        description="arms to run: names of standard arms, or {name: ..., set: {...}} for others",
    )
    baseline: str = Field("one-shot", description="the arm with which others are compared")
    student: Literal["last", "best"] = Field(
        "last",
        description="the judged student of an iterated arm: that of the last round that "
        "was not rolled back, or the best on the validation frames",
    )
    test_sets: list[TestSet] = Field(
        default_factory=list,
        description="further test frames, besides the held-out ones of each seed's split",
    )
    protocols: list[StudyProtocol] = Field(
        default_factory=list,
        description="stability protocols that count failures in other boxes, or in more runs, than "
        "the loop's own stability runs",
    )
    confidence: float = Field(0.95, gt=0.5, lt=1, description="level of all intervals")
    draws: int = Field(4000, ge=100, description="bootstrap draws of an interval")

    @field_validator("seeds")
    @classmethod
    def _differ(cls, value: list[int]) -> list[int]:
        if len(set(value)) != len(value) or min(value) < 0:
            raise ValueError(f"{value}: expected different seeds, 0 or larger")
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> StudySettings:
        names = self.arm_names
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two arms have the name {name!r}; give each a different name")
        if self.baseline not in names:
            raise ValueError(
                f"baseline is {self.baseline!r}; expected one of the arms: {', '.join(names)}"
            )
        for arm in self.arms:
            if isinstance(arm, ArmSettings) and arm.baseline not in (None, *names):
                raise ValueError(
                    f"arm {arm.name}: baseline is {arm.baseline!r}; expected one of the arms: "
                    f"{', '.join(names)}"
                )
        for protocol in self.protocols:
            unknown = [name for name in protocol.arms if name not in names]
            if unknown:
                raise ValueError(
                    f"protocol {protocol.name}: no arm is called {', '.join(unknown)}; expected "
                    f"some of {', '.join(names)}"
                )
        if len({protocol.name for protocol in self.protocols}) < len(self.protocols):
            raise ValueError("two protocols have the same name; give each another one")
        sets = [test_set.name for test_set in self.test_sets]
        if len(set(sets)) != len(sets) or "held-out" in sets:
            raise ValueError(
                f"test sets are called {', '.join(sets)}; expected different names other than "
                "held-out"
            )
        return self

    @property
    def arm_names(self) -> list[str]:
        """Names of the arms in order."""
        return [arm if isinstance(arm, str) else arm.name for arm in self.arms]

    @property
    def baselines(self) -> dict[str, str]:
        """The arm with which each arm is compared; none for the study's baseline."""
        own = {arm.name: arm.baseline for arm in self.arms if isinstance(arm, ArmSettings)}
        baselines = {name: own.get(name) or self.baseline for name in self.arm_names}
        return {name: other for name, other in baselines.items() if name != other}
