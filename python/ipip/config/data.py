"""Settings of labelled data: files, names of keys, split."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from ipip.config.base import Settings

Share = int | float
EnergyUnit = Literal["eV", "kcal/mol", "hartree"]


class DataKeys(Settings):
    """Names under which a file keeps its labels."""

    energy: str = Field("energy", description="key of the total energy of a frame (eV)")
    forces: str = Field("forces", description="key of the forces on the atoms (eV/Å)")
    stress: str | None = Field(
        "stress",
        description="key of the stress (eV/Å^3) or virial (eV): 6 numbers in the order xx yy zz "
        "yz xz xy, 9 numbers or 3x3; read from frames that have it and are periodic in three "
        "directions; null reads none",
    )
    stress_is: Literal["stress", "virial"] = Field(
        "stress",
        description="stress: eV/Å^3, positive under tension (ASE); virial: eV, equal to -volume "
        "* stress (VASP and GPUMD files)",
    )
    units: EnergyUnit | None = Field(
        None,
        description="energy unit of the file: eV, kcal/mol or hartree; its forces are this per Å,"
        " its stress this per Å^3, unless the file states others; null: as the file states, else"
        " eV",
    )
    config_type: str = Field(
        "config_type",
        description="key of a frame's config type; errors are also reported by config type",
    )
    weight: str = Field(
        "config_weight",
        description="key of the weight of a frame in the loss (no unit); 1 if a frame has none",
    )
    group: str | None = Field(
        None, description="key of the group (for example a trajectory) that a split keeps together"
    )


class Bounds(Settings):
    """A range of numbers, including its ends."""

    min: float | None = Field(None, description="smallest value; null: unbounded")
    max: float | None = Field(None, description="largest value; null: unbounded")

    @model_validator(mode="after")
    def _bounds_something(self) -> Bounds:
        if self.min is None and self.max is None:
            raise ValueError("expected min, max or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"min {self.min:g} is above max {self.max:g}")
        return self

    def hold(self, value: float) -> bool:
        """Return whether a value is in the range."""
        return (self.min is None or value >= self.min) and (self.max is None or value <= self.max)

    def __str__(self) -> str:
        ends = (("at least", self.min), ("at most", self.max))
        return " and ".join(f"{word} {end:g}" for word, end in ends if end is not None)


class DataFile(Settings):
    """One file of labelled frames."""

    path: Path = Field(
        description="extended XYZ (.xyz, .extxyz), ASE database (.db), sGDML archive (.npz), or a "
        "store (.lmdb, written by `ipip convert`) that is read frame by frame, for sets larger "
        "than the memory"
    )
    keys: DataKeys = Field(
        default_factory=DataKeys,
        description="names of the labels in the file; a store fixes them, so only keys.group "
        "counts",
    )
    where: dict[str, Bounds | float | str] = Field(
        default_factory=dict,
        description="use only frames with these values beside their labels, by key: a text, a "
        "number, or {min: ..., max: ...}, such as {charge: -1, T_K: {max: 1500}}",
    )


class SplitSettings(Settings):
    """How frames are divided into parts for training, validation and test."""

    valid: Share = Field(
        0.1,
        ge=0,
        description="validation part: a fraction of the frames (< 1) or a number of frames",
    )
    test: Share = Field(
        0.1, ge=0, description="test part: a fraction of the frames (< 1) or a number of frames"
    )
    train: Share | None = Field(
        None, description="training part: fraction or number of frames; null: all remaining frames"
    )
    file: Path | None = Field(
        None,
        description="stored split (split.json of an earlier run) to use instead of a new draw",
    )

    @model_validator(mode="after")
    def _shares_are_possible(self) -> SplitSettings:
        for name in ("train", "valid", "test"):
            value = getattr(self, name)
            if isinstance(value, float) and value >= 1.0 and value != int(value):
                raise ValueError(
                    f"{name} is {value}: expected a fraction below 1 or a whole number of frames"
                )
        fractions = [v for v in (self.train, self.valid, self.test) if v is not None and v < 1]
        if sum(fractions) > 1.0 + 1e-9:
            raise ValueError(
                f"the fractions of the split add up to {sum(fractions):g}, more than 1"
            )
        return self
