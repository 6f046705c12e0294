"""Settings of the PaiNN student."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ipip.config.any_student import ARCHITECTURE, AnyStudentSettings


class PaiNNSettings(AnyStudentSettings):
    """The PaiNN student."""

    architecture: Literal["painn"] = Field("painn", description=ARCHITECTURE)
    radial: Literal["sinc", "gaussian"] = Field("sinc", description="radial basis functions")
    n_radial: int = Field(
        10,
        ge=2,
        description="number of radial basis functions; with more, forces vary over shorter "
        "distances and extrapolate worse",
    )
    shared_filters: bool = Field(
        False, description="one radial filter for all layers instead of one for each"
    )
