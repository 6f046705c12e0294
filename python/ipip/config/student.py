"""Settings of a student: architecture and size."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from ipip.config.base import Settings


class StudentSettings(Settings):
    """The student to build."""

    architecture: Literal["painn"] = Field("painn", description="kind of network")
    cutoff: float = Field(
        5.0, ge=0.5, le=50.0, description="distance up to which atoms are neighbours (Å)"
    )
    channels: int = Field(64, ge=2, description="width of the features of an atom")
    layers: int = Field(2, ge=1, description="number of message-passing layers")
    radial: Literal["sinc", "gaussian"] = Field("sinc", description="radial basis functions")
    n_radial: int = Field(20, ge=1, description="number of radial basis functions")
    envelope: Literal["polynomial", "cosine"] = Field(
        "polynomial",
        description="how messages fade at the cutoff; polynomial has two continuous derivatives",
    )
    shared_filters: bool = Field(
        False, description="one radial filter for all layers instead of one each"
    )
    zbl: bool = Field(False, description="add the ZBL repulsion between nuclei at close contact")
    dtype: Literal["float32", "float64"] = Field(
        "float32", description="precision of the network; energies are summed in float64"
    )

    def arguments(self) -> dict[str, Any]:
        """Return the keyword arguments of the architecture."""
        return self.model_dump(exclude={"architecture"})
