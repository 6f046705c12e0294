"""Settings of the ViSNet student."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from ipip.config.any_student import ARCHITECTURE, AnyStudentSettings


class ViSNetSettings(AnyStudentSettings):
    """The ViSNet student."""

    architecture: Literal["visnet"] = Field("visnet", description=ARCHITECTURE)
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
