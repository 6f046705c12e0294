"""Settings of a student: architecture and size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag, model_validator

from ipip.config.base import Settings


class AnyStudentSettings(Settings):
    """What the settings of all students share."""

    architecture: str = Field(
        description="kind of network, painn or visnet; each has some keys of its own"
    )
    cutoff: float = Field(
        5.0, ge=0.5, le=50.0, description="distance up to which atoms are neighbours (Å)"
    )
    channels: int = Field(64, ge=2, description="width of the features of an atom")
    layers: int = Field(2, ge=1, description="number of message-passing layers")
    envelope: Literal["polynomial", "cosine"] = Field(
        "polynomial",
        description="how messages fade at the cutoff; polynomial has two continuous derivatives",
    )
    zbl: bool = Field(False, description="add the ZBL repulsion between nuclei at close contact")
    dtype: Literal["float32", "float64"] = Field(
        "float32", description="precision of the network; energies are summed in float64"
    )

    @model_validator(mode="before")
    @classmethod
    def _keys_are_of_this_architecture(cls, given: Any) -> Any:
        if isinstance(given, Mapping):
            for key in given:
                owners = [name for name, other in _SETTINGS.items() if key in other.model_fields]
                mine = cls.model_fields["architecture"].default
                if owners and mine not in owners:
                    raise ValueError(
                        f"{key} is a key of {owners[0]}, the student is {mine}; "
                        f"remove it or set architecture to {owners[0]}"
                    )
        return given

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the architecture."""
        return self.model_dump(exclude={"architecture"})


class PaiNNSettings(AnyStudentSettings):
    """The PaiNN student."""

    architecture: Literal["painn"] = Field(
        "painn", description=AnyStudentSettings.model_fields["architecture"].description
    )
    radial: Literal["sinc", "gaussian"] = Field("sinc", description="radial basis functions")
    n_radial: int = Field(20, ge=2, description="number of radial basis functions")
    shared_filters: bool = Field(
        False, description="one radial filter for all layers instead of one each"
    )


class ViSNetSettings(AnyStudentSettings):
    """The ViSNet student."""

    architecture: Literal["visnet"] = Field(
        "visnet", description=AnyStudentSettings.model_fields["architecture"].description
    )
    lmax: Literal[1, 2] = Field(
        1, description="highest degree of an atom's vectors: 3 or 8 components"
    )
    attention_heads: int = Field(
        8, ge=1, description="number of attention heads; channels are a multiple of it"
    )
    n_radial: int = Field(32, ge=2, description="number of radial basis functions")
    published: bool = Field(
        False,
        description="compute what the published network computes, which jumps at the cutoff; "
        "needs the cosine envelope",
    )

    @model_validator(mode="after")
    def _fits_together(self) -> ViSNetSettings:
        if self.channels % self.attention_heads or self.channels % 2:
            raise ValueError(
                f"channels is {self.channels} with {self.attention_heads} attention_heads; "
                "channels must be even and a multiple of attention_heads"
            )
        if self.published and self.envelope != "cosine":
            raise ValueError(
                "published needs envelope: cosine, which the published ViSNet has; "
                f"it is {self.envelope}"
            )
        return self


_SETTINGS: Mapping[str, type[AnyStudentSettings]] = {
    "painn": PaiNNSettings,
    "visnet": ViSNetSettings,
}


def _architecture(given: Any) -> str:
    """Return the class that reads these settings; PaiNN where they name no architecture."""
    if isinstance(given, Mapping):
        name = given.get("architecture", "painn")
        known = _SETTINGS.get(name) if isinstance(name, str) else None
        return known.__name__ if known else str(name)
    known_class = isinstance(given, AnyStudentSettings)
    return type(given).__name__ if known_class else PaiNNSettings.__name__


StudentSettings = Annotated[
    Annotated[PaiNNSettings, Tag("PaiNNSettings")]
    | Annotated[ViSNetSettings, Tag("ViSNetSettings")],
    Discriminator(
        _architecture,
        custom_error_type="architecture",
        custom_error_message="architecture is not known; choose painn or visnet",
    ),
]
"""Settings of any student, told apart by `architecture`."""
