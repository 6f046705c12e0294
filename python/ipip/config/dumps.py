"""Settings of every command that reads dumps."""

from pydantic import Field

from ipip.config.base import Settings
from ipip.config.dump_units import DumpUnits


class DumpSettings(Settings):
    """Facts that dumps do not always state."""

    timestep: float | None = Field(
        None,
        gt=0,
        description="fs; time step of the MD that wrote the dumps, to turn steps into times; null: "
        "as they state"
        " (`dump_modify time yes`) or their run's folder, else 1",
    )
    units: DumpUnits | None = Field(
        None,
        description="LAMMPS' units of the dumps; null: as they or the runs' decks state, else "
        "metal",
    )
    whole: bool = Field(
        False,
        description="whether the dumps are complete, so that a last frame needs no line feed at its"
        " end",
    )
