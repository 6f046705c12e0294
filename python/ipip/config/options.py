"""Options of the command line that override settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from ipip.config.base import Settings
from ipip.errors import InputError

SettingsType = TypeVar("SettingsType", bound=Settings)


def with_options(settings: SettingsType, options: Mapping[str, Any]) -> SettingsType:
    """Return settings with some of their values changed, checked as a file's would be.

    Args:
        settings: from a file, or the defaults.
        options: by the settings' names.

    Raises:
        InputError: a value does not fit; it names the option.
    """
    try:
        return type(settings).model_validate({**settings.model_dump(), **options})
    except ValidationError as error:
        lines = []
        for problem in error.errors(include_url=False):
            key = ".".join(map(str, problem["loc"]))
            reason = problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
            first = problem["loc"][0] if problem["loc"] else ""
            field = type(settings).model_fields.get(str(first))
            purpose = f" ({field.description})" if field and field.description else ""
            value = "" if problem["type"] == "value_error" else f"{problem['input']!r}: "
            lines.append(f"{key.replace('_', '-') or 'options'}: {value}{reason}{purpose}")
        raise InputError("\n".join(lines)) from None
