"""The part of the settings that a stage depends on, as plain values.

Files count by their content, not by their path. Fields without influence on results
(`ipip.config.influence`) are omitted.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import BaseModel

from ipip.config.influence import fields_without_influence
from ipip.config.pretraining import PretrainSettings
from ipip.config.run import UnlabelledSettings
from ipip.storage.digest import file_digest


def settings_part(value: Any) -> Any:
    """Return settings (or a list or dict of them) as JSON-able values that decide the results."""
    if isinstance(value, BaseModel):
        skipped = fields_without_influence(type(value))
        if isinstance(value, PretrainSettings) and value.method.kind == "labels":
            skipped |= {"method"}  # stages may be older than the other methods
        names = [name for name in type(value).model_fields if name not in skipped]
        return {name: settings_part(getattr(value, name)) for name in names}
    if isinstance(value, Path):
        return {"file": value.name, "digest": file_digest(value)} if value.is_file() else value.name
    if isinstance(value, (list, tuple)):
        return [settings_part(item) for item in value]
    if isinstance(value, dict):
        return {str(key): settings_part(item) for key, item in value.items()}
    return value


def pick(settings: UnlabelledSettings, *names: str) -> dict[str, Any]:
    """Return the named settings like `settings_part`, with the run's seed.

    A name is a top-level block, or one key of a block: ``iteration.start``.
    """
    values: dict[str, Any] = {"seed": settings.seed}
    for name in names:
        block, _, key = name.partition(".")
        value = getattr(settings, block)
        if key:
            values.setdefault(block, {})[key] = settings_part(getattr(value, key))
        else:
            values[block] = settings_part(value)
    return values
