"""Which settings influence results: stated on the field, for all code that compares settings.

A field without a statement influences the results of the stages (or of the training, the labels,
...) that read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic.config import JsonDict

SettingsT = TypeVar("SettingsT", bound=BaseModel)
INFLUENCE = "influence"  # key of a field's schema
NO_INFLUENCE: Final[JsonDict] = {INFLUENCE: "none"}
"""Marks a field that decides how fast, where or how closely watched something is computed.

Some of these change the rounding of a step, as other processors do: LAMMPS rebuilds its
neighbour lists when it writes a restart file. Hot trajectories then diverge, and are equally valid.
"""
ON_ROUNDS: Final[JsonDict] = {INFLUENCE: "rounds"}
"""Marks a field that decides which stages a run has; finished stages keep their results."""


def influence_of(model: type[BaseModel], name: str) -> str | None:
    """Return the stated influence of a field; None: it influences the results of its readers."""
    extra = model.model_fields[name].json_schema_extra
    value = extra.get(INFLUENCE) if isinstance(extra, dict) else None
    return None if value is None else str(value)


def fields_without_influence(model: type[BaseModel]) -> frozenset[str]:
    """Return the names of a model's fields without influence on results."""
    return frozenset(
        name for name in model.model_fields if influence_of(model, name) == NO_INFLUENCE[INFLUENCE]
    )


def without_influence_as_default(settings: SettingsT) -> SettingsT:
    """Return settings with the fields without influence set to their defaults.

    For digests, which thus stay equal to digests of records with the defaults.
    """
    fields = type(settings).model_fields
    names = fields_without_influence(type(settings))
    return settings.model_copy(update={name: fields[name].get_default() for name in names})


def paths_without_influence(value: Any, at: str = "") -> frozenset[str]:
    """Return the paths of fields without influence in settings, or in a list or dict of them.

    Args:
        value: settings, or a part of them.
        at: path of it in the settings as a whole.

    Returns:
        Paths as in `ipip.config.comparison`: ``finetune.workers``, ``teacher.cp2k.command``.
    """
    paths: set[str] = set()
    if isinstance(value, BaseModel):
        skipped = fields_without_influence(type(value))
        for name in type(value).model_fields:
            inner = f"{at}.{name}" if at else name
            if name in skipped:
                paths.add(inner)
            else:
                paths |= paths_without_influence(getattr(value, name), inner)
    elif isinstance(value, dict):
        for name, item in value.items():
            paths |= paths_without_influence(item, f"{at}.{name}" if at else str(name))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            paths |= paths_without_influence(item, f"{at}[{index}]")
    return frozenset(paths)


def with_files_by_name(recorded: Any, now: BaseModel) -> tuple[Any, Any]:
    """Return recorded settings and today's, both by `files_by_name`.

    Args:
        recorded: JSON values of settings of the same kind; those of another version are returned
            unchanged, beside all JSON values of `now`.
        now: settings of today.
    """
    try:
        before = type(now).model_validate(recorded)
    except ValidationError:
        return recorded, now.model_dump(mode="json")
    return files_by_name(before), files_by_name(now)


def files_by_name(value: Any) -> Any:
    """Return settings as plain values in which files and folders count by their name alone.

    So settings stay equal when they are moved together with their files. Where results are reused,
    digests guard the content of the files.

    Args:
        value: settings, or a list or dict of them.
    """
    if isinstance(value, BaseModel):
        names = type(value).model_fields
        return {name: files_by_name(getattr(value, name)) for name in names}
    if isinstance(value, Path):
        return value.name
    if isinstance(value, (list, tuple)):
        return [files_by_name(item) for item in value]
    if isinstance(value, dict):
        return {str(name): files_by_name(item) for name, item in value.items()}
    return value
