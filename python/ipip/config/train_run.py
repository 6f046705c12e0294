"""Settings of `ipip train`: data, split, student and training in one file."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator, model_validator

from ipip.config.base import Settings
from ipip.config.data import DataFile, SplitSettings
from ipip.config.painn import PaiNNSettings
from ipip.config.student import StudentSettings
from ipip.config.training import TrainingSettings


class ReplaySettings(Settings):
    """Frames of an earlier training (pretraining) that a fine-tuning repeats."""

    data: list[DataFile] = Field(min_length=1, description="files with those frames")
    frames: int = Field(
        200, ge=1, description="frames drawn from them at random (all, if there are fewer)"
    )
    weight: float = Field(
        1.0,
        gt=0,
        description="factor of their terms in the loss (no unit)",
    )


class TrainRunSettings(Settings):
    """One training from labelled files to a student file."""

    data: list[DataFile] = Field(
        min_length=1, description="files whose frames are pooled and then split"
    )
    test_data: list[DataFile] = Field(
        default_factory=list, description="more test frames, kept out of the split"
    )
    split: SplitSettings = Field(
        default_factory=SplitSettings, description="parts for training, validation and test"
    )
    elements: list[str] | None = Field(
        None,
        description="chemical symbols of the student in type order; null: those of the data",
    )
    student: StudentSettings = Field(
        default_factory=PaiNNSettings, description="the student to build"
    )
    start_from: Path | None = Field(
        None, description="student file with the starting weights, instead of new ones"
    )
    replay: ReplaySettings | None = Field(
        None,
        description="frames of an earlier training to mix in, so that it is not forgotten; needs "
        "start_from, to whose energy zero they are shifted",
    )
    training: TrainingSettings = Field(
        default_factory=TrainingSettings, description="loss, optimiser, schedule"
    )
    seed: int = Field(1, ge=0, description="seed of the split, the weights and the order of frames")
    folder: Path | None = Field(
        None, description="output folder; null: named after the settings file; --dir overrides it"
    )

    @model_validator(mode="after")
    def _replay_has_a_start(self) -> TrainRunSettings:
        if self.replay is not None and self.start_from is None:
            raise ValueError(
                "replay is given without start_from; name the student that was trained on those "
                "frames, or add them to data"
            )
        return self

    @field_validator("elements")
    @classmethod
    def _elements_differ(cls, value: list[str] | None) -> list[str] | None:
        if value is not None and len(set(value)) != len(value):
            raise ValueError(f"elements are {' '.join(value)}: each may be named once")
        return value
