"""What the settings of all students share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, model_validator

from ipip.config.base import Settings

ARCHITECTURE = "kind of network, such as painn or visnet; each has further keys"


class AnyStudentSettings(Settings):
    """What the settings of all students share."""

    architecture: str = Field(description=ARCHITECTURE)
    cutoff: float = Field(
        5.0, ge=0.5, le=50.0, description="distance up to which atoms are neighbours (Å)"
    )
    channels: int = Field(64, ge=2, description="width of the features of an atom")
    layers: int = Field(2, ge=1, description="number of message-passing layers")
    envelope: Literal["polynomial", "cosine"] = Field(
        "polynomial",
        description="how messages fade at the cutoff; polynomial has two continuous derivatives",
    )
    zbl: bool = Field(
        True,
        description="add the ZBL repulsion between nuclei at close contact; the network learns the "
        "rest",
    )
    dtype: Literal["float32", "float64"] = Field(
        "float32", description="precision of the network; energies are summed in float64"
    )

    @model_validator(mode="before")
    @classmethod
    def _keys_are_of_this_architecture(cls, values: Any) -> Any:
        if isinstance(values, Mapping):
            architecture = cls.model_fields["architecture"].default
            students = AnyStudentSettings.__subclasses__()
            for key in values:
                owners = [
                    other.model_fields["architecture"].default
                    for other in students
                    if key in other.model_fields
                ]
                if owners and architecture not in owners:
                    raise ValueError(
                        f"{key} is a key of {owners[0]}, the student is {architecture}; "
                        f"remove it or set architecture to {owners[0]}"
                    )
        return values

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the architecture."""
        return self.model_dump(exclude={"architecture"})
