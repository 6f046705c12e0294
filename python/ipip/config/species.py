"""Settings of the reaction analysis: the criterion of a bond, and the element to follow."""

import math

from pydantic import Field, field_validator, model_validator

from ipip.config.dumps import DumpSettings


class SpeciesSettings(DumpSettings):
    """Bonds with hysteresis, and the records of the molecules that they form."""

    follow: str | None = Field(
        None,
        description="element whose molecules are followed one by one, such as Mo; null: none, only"
        " counts, reactions and lifetimes of all species",
    )
    run: int | None = Field(
        None,
        ge=1,
        description="run to analyse, counted from 1, of a dump whose steps restart; null: such a "
        "dump"
        " is refused with a list of its runs",
    )
    form_factor: float = Field(
        1.1, gt=0, description="a bond forms below this times the sum of the covalent radii"
    )
    break_factor: float = Field(
        1.3, gt=0, description="a bond breaks above this times the sum of the covalent radii"
    )
    bonds: dict[str, tuple[float, float]] = Field(
        default_factory=dict,
        description="Å; distances for single pairs, as 'Mo-S: [2.8, 3.4]': forms below the first,"
        " breaks above the second; [0, 0]: never a bond",
    )
    metal_bonds: bool = Field(
        False, description="whether two metals that bonds does not name can have a bond"
    )
    min_ring: int = Field(
        4, ge=3, description="atoms of the smallest ring; smaller ones are side-on ligands"
    )
    insertion_atoms: int = Field(
        2,
        ge=1,
        description="most atoms that an insertion may put between two bonded atoms",
    )
    every: int = Field(1, ge=1, description="analyse every n-th frame")
    network_reactions: int = Field(
        15, ge=1, description="reactions in the network picture, the most frequent first"
    )

    @field_validator("bonds")
    @classmethod
    def _distances_make_sense(
        cls, value: dict[str, tuple[float, float]]
    ) -> dict[str, tuple[float, float]]:
        for pair, (form, break_) in value.items():
            if len(pair.split("-")) != 2:
                raise ValueError(f"pair {pair!r}: expected two elements, such as 'Mo-S'")
            if not (0 <= form <= break_ < math.inf):
                raise ValueError(
                    f"{pair}: [{form}, {break_}] Å; expected 0 <= forms below <= breaks above"
                )
        return value

    @model_validator(mode="after")
    def _breaking_is_farther_than_forming(self) -> "SpeciesSettings":
        if self.break_factor < self.form_factor:
            raise ValueError(
                f"break_factor is {self.break_factor}; expected at least form_factor, "
                f"{self.form_factor}"
            )
        return self
