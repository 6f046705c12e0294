"""Names of a frame's charge, spin, moments and fields in files and calculators."""

from collections.abc import Mapping

CHARGE_KEYS = ("charge", "total_charge", "net_charge", "tot_charge", "molecular_charge")
"""Keys of a frame's charge (e), in upper or lower case."""

MULTIPLICITY_KEYS = ("multiplicity", "spin_multiplicity", "mult", "spin", "total_spin")
"""Keys of the multiplicity 2S+1; `spin` and `total_spin` are also read as 2S+1 (OMol25, MACE)."""

UNPAIRED_KEYS = ("uhf", "unpaired_electrons", "n_unpaired")
"""Keys of the number of unpaired electrons 2S."""

OTHER_KEYS = (
    "magmom",
    "total_magmom",
    "magnetization",
    "total_magnetization",
    "external_field",
    "electric_field",
    "efield",
    "magnetic_field",
    "external_magnetic_field",
    "elec_temp",
    "electronic_temperature",
)
"""Keys of moments (Bohr magnetons), fields and electronic temperatures, in the file's own units."""

FRAME_KEYS = frozenset((*CHARGE_KEYS, *MULTIPLICITY_KEYS, *UNPAIRED_KEYS, *OTHER_KEYS))
"""Keys of a frame's info that belong to its electronic state, in lower case."""


def check_state(state: Mapping[str, object]) -> None:
    """Raise a ValueError if a key of `state` does not belong to an electronic state."""
    unknown = [key for key in state if not is_state(key)]
    if unknown:
        raise ValueError(
            f"state has {', '.join(unknown)}; expected charge, multiplicity (2S+1) or another of "
            f"{', '.join(sorted(FRAME_KEYS))}"
        )


def is_state(key: object) -> bool:
    """Return whether a key of a frame's info belongs to its electronic state."""
    return str(key).lower() in FRAME_KEYS
