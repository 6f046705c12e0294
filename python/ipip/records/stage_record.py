"""Records of stages: figures in the manifest and files in the folder, one type for each stage."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from ipip.errors import IpipError


class Figures(BaseModel):
    """A group of figures; equal for equal runs, so without times."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class StageRecord(Figures):
    """The record of a stage. A subclass has a field for each figure, and names the files.

    Attributes:
        writes: patterns of the names of its outputs.
    """

    writes: ClassVar[tuple[str, ...]] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain values."""
        return self.model_dump()

    @classmethod
    def from_dict(cls, figures: Mapping[str, Any], stage_id: str) -> Self:
        """Return the record with the figures of `as_dict`.

        Args:
            figures: plain values.
            stage_id: name of the stage within its run, for the message.

        Raises:
            IpipError: they are of another version.
        """
        try:
            return cls.model_validate(figures)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise IpipError(
                f"{stage_id}: the figures of its manifest are of another version of ipip "
                f"({where}: {first['msg'].lower()}); `ipip run` with the run's settings sets the "
                "stage aside and computes it again"
            ) from None
