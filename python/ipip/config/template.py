"""A commented settings file, written from a schema: its descriptions, its defaults, and the values given."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from ipip.config.load import models_in

WIDTH = 100


def render_template(schema: type[BaseModel], values: Mapping[str, Any], title: str) -> str:
    """Return YAML text: every key of `schema` with its description.

    Keys in `values` are set; the others stand as comments with their defaults.

    Args:
        schema: the settings class.
        values: plain values, as in a file.
        title: text of the comment at the top.
    """
    head = [f"# {line}".rstrip() for line in textwrap.wrap(title, WIDTH - 2)]
    return "\n".join([*head, *_render_model(schema, values, 0)]) + "\n"


def _render_model(
    schema: type[BaseModel], values: Mapping[str, Any], indent: int
) -> Iterator[str]:
    for name, field in schema.model_fields.items():
        if indent == 0:
            yield ""
        yield from _describe(field, indent)
        if name in values:
            yield from _render_value(name, values[name], field, indent)
        else:
            yield from _render_default(name, field, indent)


def _describe(field: FieldInfo, indent: int) -> Iterator[str]:
    pad = " " * indent
    for line in textwrap.wrap(field.description or "", WIDTH - indent - 2):
        yield f"{pad}# {line}"


def _render_value(name: str, value: Any, field: FieldInfo, indent: int) -> Iterator[str]:
    pad = " " * indent
    inner = next(iter(models_in(field.annotation)), None)
    if inner is not None and isinstance(value, Mapping) and _is_settings(value, inner):
        yield f"{pad}{name}:"
        yield from _render_model(inner, value, indent + 2)
    elif inner is not None and isinstance(value, list) and value and isinstance(value[0], Mapping):
        yield f"{pad}{name}:"
        for number, item in enumerate(value):
            lines = (
                list(_render_model(inner, item, indent + 4))
                if number == 0
                else _dump(item, indent + 4)
            )
            yield from _as_list_item(lines, indent + 2)
    else:
        yield from _dump({name: value}, indent)


def _is_settings(value: Mapping[str, Any], inner: type[BaseModel]) -> bool:
    return all(name in inner.model_fields for name in value)


def _as_list_item(lines: list[str], indent: int) -> Iterator[str]:
    """Put the dash of a list item before its first key; comments above it stay above."""
    placed = False
    for line in lines:
        if not placed and not line.lstrip().startswith("#"):
            placed = True
            yield " " * indent + "- " + line[indent + 2 :]
        else:
            yield line


def _render_default(name: str, field: FieldInfo, indent: int) -> Iterator[str]:
    pad = " " * indent
    default = field.get_default(call_default_factory=True)
    if default is PydanticUndefined:
        yield f"{pad}# {name}:    (required)"
        return
    for line in _dump({name: _plain(default)}, 0):
        yield f"{pad}# {line}"


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def _dump(value: Any, indent: int) -> list[str]:
    text = yaml.safe_dump(
        _plain(value), sort_keys=False, allow_unicode=True, default_flow_style=None, width=WIDTH
    )
    return [" " * indent + line for line in text.splitlines()]
