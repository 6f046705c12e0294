"""Which settings decide results: said on the field, read from there by all that compare settings.

A field says nothing where the results of the stages (or of the training, the labels, ...) that read
it depend on it.
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

from pydantic import BaseModel
from pydantic.config import JsonDict

SettingsT = TypeVar("SettingsT", bound=BaseModel)
INFLUENCE = "influence"  # key of a field's schema
NO_INFLUENCE: Final[JsonDict] = {INFLUENCE: "none"}
"""Of a field that decides how fast, where or how closely watched something is computed.

Some of these change the rounding of a step, as other processors do: LAMMPS builds its neighbour
lists anew where it writes a restart file. Hot trajectories then part, and are as good.
"""
ON_ROUNDS: Final[JsonDict] = {INFLUENCE: "rounds"}
"""Of a field that decides which stages a run has; those that are done keep their results."""


def influence_of(model: type[BaseModel], name: str) -> str | None:
    """Return what a field says of its influence; None: it decides what those who read it make."""
    extra = model.model_fields[name].json_schema_extra
    value = extra.get(INFLUENCE) if isinstance(extra, dict) else None
    return None if value is None else str(value)


def fields_without_influence(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of the fields of a model that decide nothing of what is made."""
    return frozenset(
        name for name in model.model_fields if influence_of(model, name) == NO_INFLUENCE[INFLUENCE]
    )


def without_influence_as_default(settings: SettingsT) -> SettingsT:
    """Return settings whose fields without influence have their defaults.

    For digests: they stay those of records that were made with the defaults.
    """
    fields = type(settings).model_fields
    names = fields_without_influence(type(settings))
    return settings.model_copy(update={name: fields[name].get_default() for name in names})


def paths_without_influence(value: Any, at: str = "") -> frozenset[str]:
    """Return where settings, or a list or dict of them, hold fields that decide nothing.

    Args:
        value: settings, or what they hold.
        at: path of it in the settings as a whole.

    Returns:
        Paths as `ipip.config.comparison` has them: ``finetune.workers``, ``teacher.cp2k.command``.
    """
    found: set[str] = set()
    if isinstance(value, BaseModel):
        skipped = fields_without_influence(type(value))
        for name in type(value).model_fields:
            inner = f"{at}.{name}" if at else name
            if name in skipped:
                found.add(inner)
            else:
                found |= paths_without_influence(getattr(value, name), inner)
    elif isinstance(value, dict):
        for name, item in value.items():
            found |= paths_without_influence(item, f"{at}.{name}" if at else str(name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            found |= paths_without_influence(item, f"{at}[{index}]")
    return frozenset(found)
