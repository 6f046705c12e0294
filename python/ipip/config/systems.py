"""Settings of the initial box."""

from pathlib import Path

from ase.data import atomic_numbers
from pydantic import Field, model_validator

from ipip.config.base import Settings
from ipip.config.state_keys import check_state


class SystemSettings(Settings):
    """Molecules packed at random into a box, or a structure from a file."""

    species: dict[str, int] = Field(
        default_factory=dict,
        description="number of each molecule: built in (Mo3O9, S2, ...), a name of ASE's g2 set,"
        " an element, or a key of molecules",
    )
    molecules: dict[str, Path] = Field(
        default_factory=dict, description="custom molecules: name and structure file (xyz)"
    )
    box: float | tuple[float, float, float] | None = Field(
        None, description="Å; edge of the cube, or three edges"
    )
    density: float | None = Field(
        None, gt=0, description="g/cm^3; makes a cube of this density instead of box"
    )
    periodic: bool = Field(True, description="periodic in all three directions, or open")
    tolerance: float = Field(
        2.0, gt=0, description="Å; smallest distance between atoms of different molecules"
    )
    radii: dict[str, float] = Field(
        default_factory=dict,
        description="Å by element; atoms of different molecules keep the sum of their radii apart"
        " (an element without one has half the tolerance)",
    )
    file: Path | None = Field(
        None, description="structure file (any format of ASE) instead of species"
    )
    replicate: tuple[int, int, int] = Field(
        (1, 1, 1), description="copies of the box along each lattice vector"
    )
    state: dict[str, float | list[float]] = Field(
        default_factory=dict,
        description="electronic state of the whole box for the teacher's calculator, such as"
        " {charge: -1, multiplicity: 2}; overrides that of structure files",
    )

    @property
    def edges(self) -> tuple[float, float, float] | None:
        """The three box edges in Å, or None if the density determines them."""
        if self.box is None:
            return None
        return self.box if isinstance(self.box, tuple) else (self.box, self.box, self.box)

    @model_validator(mode="after")
    def _is_one_kind_of_box(self) -> "SystemSettings":
        if bool(self.species) == (self.file is not None):
            raise ValueError(
                "a system needs either species (molecules to pack) or file (a structure), not both"
            )
        if self.file is not None and (self.box is not None or self.density is not None):
            raise ValueError("box and density need species; a structure file has its cell")
        if self.species and (self.box is None) == (self.density is None):
            raise ValueError("species need either box (Å) or density (g/cm^3): exactly one of them")
        for name, count in self.species.items():
            if count < 1:
                raise ValueError(f"species {name!r} has count {count}; expected at least 1")
        for symbol, radius in self.radii.items():
            if symbol not in atomic_numbers or symbol == "X" or radius <= 0:
                raise ValueError(
                    f"radii has {symbol!r}: {radius}; expected chemical symbols and Å above 0"
                )
        if self.edges is not None and min(self.edges) <= 0:
            raise ValueError(f"box is {self.box} Å; expected edges above 0")
        check_state(self.state)
        if min(self.replicate) < 1:
            raise ValueError(f"replicate is {self.replicate}; expected three numbers of at least 1")
        return self
