"""Names of labels from options of the command line."""

from __future__ import annotations

from typing import get_args

from ipip.config.data import DataKeys, EnergyUnit
from ipip.errors import InputError


def label_keys(
    energy: str,
    forces: str,
    stress: str | None,
    virial: str | None,
    config_type: str,
    weight: str = "config_weight",
    units: str | None = None,
) -> DataKeys:
    """Return the keys that options name.

    Raises:
        InputError: both a stress and a virial are named, or the unit is unknown.
    """
    if stress is not None and virial is not None:
        raise InputError(
            f"--stress-key {stress} and --virial-key {virial} are both given; name the one to read"
        )
    return DataKeys(
        energy=energy,
        forces=forces,
        stress=virial or stress or "stress",
        stress_is="virial" if virial is not None else "stress",
        config_type=config_type,
        weight=weight,
        units=energy_unit(units),
    )


def energy_unit(units: str | None) -> EnergyUnit | None:
    """Return the unit that `--units` names.

    Raises:
        InputError: it is unknown.
    """
    by_name: dict[str, EnergyUnit] = {unit: unit for unit in get_args(EnergyUnit)}
    if units is not None and units not in by_name:
        raise InputError(f"--units is {units!r}; expected one of: {', '.join(by_name)}")
    return None if units is None else by_name[units]
