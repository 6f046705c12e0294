"""A commented settings file, from a schema's descriptions and defaults and the user's values."""

from __future__ import annotations

import textwrap
import typing
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined, to_jsonable_python

from ipip.config.load import models_in
from ipip.config.yaml_text import yaml_text

WIDTH = 100


def render_template(
    schema: type[BaseModel],
    values: Mapping[str, Any],
    title: str,
    *,
    minimal: bool = False,
    notes: Sequence[str] = (),
    open_keys: Mapping[str, str] | None = None,
) -> str:
    """Return YAML text: every key of `schema` with its description.

    Keys in `values` are set and come first in each block; the others are comments with their
    defaults. A block whose keys were described before is written without descriptions.

    Args:
        schema: the settings class.
        values: plain values, as in a file.
        title: text of the comment at the top.
        minimal: write only the keys of `values`, and describe only top-level ones.
        notes: further lines of that comment, a paragraph each.
        open_keys: what to fill in, by key of the top level; printed above the key.
    """
    head = [f"# {line}" for line in textwrap.wrap(title, WIDTH - 2)]
    for note in notes:
        head += textwrap.wrap(note, WIDTH, initial_indent="# - ", subsequent_indent="#   ")
    lines = _Renderer(minimal, open_keys or {}).block(schema, values, 0)
    return "\n".join([*head, *lines]) + "\n"


class _Renderer:
    """Renders blocks, and records which schemas were described and under which key."""

    def __init__(self, minimal: bool, open_keys: Mapping[str, str]) -> None:
        self.minimal = minimal
        self.open_keys = open_keys
        self.described: dict[type[BaseModel], str] = {}

    def block(
        self, schema: type[BaseModel], values: Mapping[str, Any], indent: int, key: str = ""
    ) -> Iterator[str]:
        pad = " " * indent
        described = (key for kind, key in self.described.items() if issubclass(kind, schema))
        before = next(described, None)
        if before is not None and before != key and not self.minimal:
            yield f"{pad}# further keys: as in {before}"
        self.described.setdefault(schema, key)
        names = [*values, *(name for name in schema.model_fields if name not in values)]
        for name in names:
            field = schema.model_fields[name]
            if name not in values and (before is not None or self.minimal):
                continue
            if indent == 0:
                yield ""
            if indent == 0 or (before is None and not self.minimal):
                yield from _describe(field, indent)
            if indent == 0 and name in self.open_keys:
                yield from _comment(f"FILL IN: {self.open_keys[name]}", indent)
            if name in values:
                yield from self.value(name, values[name], field, indent)
            else:
                yield from _default(name, field, indent)

    def value(self, name: str, value: Any, field: FieldInfo, indent: int) -> Iterator[str]:
        pad = " " * indent
        inner = _schema(field, value)
        if inner is not None and isinstance(value, Mapping):
            yield f"{pad}{name}:"
            yield from self.block(inner, value, indent + 2, name)
        elif inner is not None and isinstance(value, list) and value:
            yield f"{pad}{name}:"
            for item in value:
                lines = list(self.block(inner, item, indent + 4, name))
                yield from _as_list_item(lines, indent + 2)
        else:
            yield f"{pad}{name}: {_flow(value)}"


def _describe(field: FieldInfo, indent: int) -> Iterator[str]:
    yield from _comment(field.description or "", indent)


def _comment(text: str, indent: int) -> Iterator[str]:
    for line in textwrap.wrap(text, WIDTH - indent - 2):
        yield f"{' ' * indent}# {line}"


def _schema(field: FieldInfo, value: Any) -> type[BaseModel] | None:
    """Return the settings class of a field; of several, the first that fits `value`."""
    models = list(models_in(field.annotation))
    keys = value if isinstance(value, Mapping) else {}
    meant = (model for model in models if all(_takes(model, *item) for item in keys.items()))
    return next(meant, next(iter(models), None))


def _takes(model: type[BaseModel], name: str, value: Any) -> bool:
    field = model.model_fields.get(name)
    if field is None or typing.get_origin(field.annotation) is not Literal:
        return field is not None
    return value in typing.get_args(field.annotation)


def _as_list_item(lines: list[str], indent: int) -> Iterator[str]:
    """Put the dash of a list item before its first key; comments above it stay above."""
    placed = False
    for line in lines:
        if placed or line.lstrip().startswith("#"):
            yield line
        else:
            placed = True
            yield " " * indent + "- " + line[indent + 2 :]


def _default(name: str, field: FieldInfo, indent: int) -> Iterator[str]:
    pad = " " * indent
    default = field.get_default(call_default_factory=True)
    if default is PydanticUndefined:
        yield f"{pad}# {name}:    (required)"
    elif isinstance(default, BaseModel):
        yield f"{pad}# {name}:"
        for inner, own in type(default).model_fields.items():
            yield from (f"{pad}#   {line}" for line in _describe(own, 0))
            yield f"{pad}#   {inner}: {_flow(getattr(default, inner))}"
    else:
        yield f"{pad}# {name}: {_flow(default)}"


def _flow(value: Any) -> str:
    """Return a value on one line."""
    text = yaml_text(to_jsonable_python(value), default_flow_style=True, width=10**6)
    return text.removesuffix("\n").removesuffix("\n...")
