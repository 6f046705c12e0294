"""Settings of the reference labels: the level of theory that the student learns."""

from __future__ import annotations

from pydantic import Field, model_validator

from ipip.config.base import Settings
from ipip.config.data import DataFile, SplitSettings


class ReferenceSettings(Settings):
    """Labelled frames of the reference level, and how they are split."""

    data: list[DataFile] = Field(
        min_length=1, description="files of labelled frames, which are pooled and then split"
    )
    train_data: list[DataFile] = Field(
        default_factory=list,
        description="files whose frames are always training frames, such as small molecules",
    )
    leave_out: list[str] = Field(
        default_factory=list,
        description="config types to exclude, such as isolated atoms without spin",
    )
    split: SplitSettings = Field(
        default_factory=SplitSettings,
        description="parts for training, validation (early stop, choice of the best round) and test"
        " (the reported errors)",
    )

    @model_validator(mode="after")
    def _one_group_key(self) -> ReferenceSettings:
        keys = {file.keys.group for file in self.data}
        if len(keys) > 1:
            names = ", ".join(sorted(str(key) for key in keys))
            raise ValueError(
                f"the files of data have different group keys ({names}); use one for all"
            )
        return self

    @property
    def group_key(self) -> str | None:
        """Info key of the groups that the split keeps together."""
        return self.data[0].keys.group
