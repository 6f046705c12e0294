"""Read a YAML settings file into a strict schema, and report every problem plainly.

Every problem is one line: ``FILE:LINE: key.path: what is wrong, what was expected``. Relative paths
in the file are relative to the file.
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import types
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar, Union

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from ipip.config.base import REMEDY, Settings
from ipip.config.yaml_text import CoreLoader, parse_yaml
from ipip.errors import InputError

SettingsType = TypeVar("SettingsType", bound=Settings)
KeyPath = tuple[str | int, ...]
_SCALAR_TAGS = ("int", "float", "str", "bool", "list[", "dict[", "tuple[", "literal[", "path")


@dataclasses.dataclass(frozen=True)
class Document:
    """A parsed YAML file: its values, and the line on which each key path begins."""

    path: Path
    values: dict[str, Any]
    lines: dict[KeyPath, int]


def load_settings(path: Path | str, schema: type[SettingsType]) -> SettingsType:
    """Read `path` (YAML) and return it as `schema`; relative paths in it become absolute.

    Raises:
        InputError: the file is missing, is not YAML, or does not fit; one line for each problem.
    """
    path = Path(path)
    document = read_document(path, _how_to_begin(path, schema))
    try:
        settings = schema.model_validate(document.values)
    except ValidationError as error:
        raise InputError(describe_problems(error, schema, document)) from None
    return resolve_paths(settings, path.absolute().parent)


def _how_to_begin(path: Path, schema: type[Settings]) -> str:
    """Return a hint on how to write a file of these settings."""
    if schema.template_verb is not None:
        return f"`{schema.template_verb} {path}` writes a template"
    return f"expected a YAML file with some of the keys {', '.join(schema.model_fields)}"


def read_document(path: Path, hint: str) -> Document:
    """Parse a YAML file whose top level is a mapping; a key given twice is refused.

    Args:
        path: of the file.
        hint: remedy for a missing or empty file.

    Raises:
        InputError: the file cannot be read or parsed.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {hint}") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not UTF-8 text ({error.reason})") from None
    try:
        values = parse_yaml(text)  # first, since it bounds depth and size
        root = yaml.compose(text, Loader=CoreLoader)
        if root is None:
            raise InputError(f"{path}: is empty; {hint}")
        if not isinstance(root, yaml.MappingNode):
            raise InputError(f"{path}: expected `key: value` lines at the top level")
        lines = dict(_key_lines(root, (), path))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f":{mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or str(error)
        raise InputError(f"{path}{where}: not valid YAML: {reason}") from None
    return Document(path, values, lines)


def _key_lines(node: yaml.Node, at: KeyPath, path: Path) -> Iterator[tuple[KeyPath, int]]:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key_node, value_node in node.value:
            key = str(key_node.value)
            line = key_node.start_mark.line + 1
            if key in seen:
                raise InputError(f"{path}:{line}: {format_key((*at, key))}: is given twice")
            seen.add(key)
            yield (*at, key), line
            yield from _key_lines(value_node, (*at, key), path)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*at, index), item.start_mark.line + 1
            yield from _key_lines(item, (*at, index), path)


def format_key(key: KeyPath) -> str:
    """Return a key path as a user writes it: ``systems[0].molecules``."""
    text = ""
    for part in key:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text or "(top level)"


def describe_problems(
    error: ValidationError, schema: type[BaseModel], source: Document | str
) -> str:
    """Return one line for each problem that pydantic reports.

    Args:
        error: raised by pydantic.
        schema: of the settings.
        source: their file, or a name if they come from no file.
    """
    lines = []
    for problem in error.errors(include_url=False):
        key, model = _locate(problem["loc"], schema)
        message = _describe(problem, key, model)
        where = source if isinstance(source, str) else _place(key, source)
        text = f"{where}: {format_key(key)}: {message}"
        if text not in lines:
            lines.append(text)
    return "\n".join(lines)


def _place(key: KeyPath, document: Document) -> str:
    """Return the file, and the line of the key or of the block around it."""
    for n in range(len(key), 0, -1):
        if key[:n] in document.lines:
            return f"{document.path}:{document.lines[key[:n]]}"
    return f"{document.path}"


def _describe(problem: ErrorDetails, key: KeyPath, model: type[BaseModel] | None) -> str:
    kind = problem["type"]
    name = str(key[-1]) if key else ""
    if kind == "extra_forbidden":
        keys = sorted(model.model_fields) if model else []
        close = difflib.get_close_matches(name, keys, n=1, cutoff=0.6)
        hint = f"did you mean `{close[0]}`?" if close else f"known keys: {', '.join(keys)}"
        return f"unknown key; {hint}"
    field = model.model_fields.get(name) if model else None
    purpose = f" ({field.description})" if field and field.description else ""
    remedy = _remedy(field)
    if kind == "missing" or (remedy and problem["input"] is None):
        return f"is missing{purpose}{remedy}"
    reason = problem["msg"].removeprefix("Value error, ").removeprefix("Assertion failed, ")
    reason = reason.replace("Input should be", "should be").rstrip(".")
    reason = reason.split(", unable to parse")[0]
    if kind == "too_short":
        least = problem["ctx"]["min_length"]
        reason = f"expected at least {least} {'entry' if least == 1 else 'entries'}"
    if kind in {"value_error", "assertion_error"}:
        return reason
    if kind == "string_type" and not isinstance(problem["input"], dict | list):
        reason += "; put it in quotes"
    if kind in {"model_type", "model_attributes_type", "dict_type"}:
        reason = "expected a block of `key: value` lines"
    return f"{_short(problem['input'])}: {reason}{purpose}"


def _remedy(field: FieldInfo | None) -> str:
    """Return the remedy for a missing required field, if its schema states one."""
    extra = field.json_schema_extra if field is not None else None
    return f"; {extra[REMEDY]}" if isinstance(extra, dict) and REMEDY in extra else ""


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _locate(
    loc: tuple[int | str, ...], schema: type[BaseModel]
) -> tuple[KeyPath, type[BaseModel] | None]:
    """Split pydantic's location into the key path in the file and the model that owns its last key.

    Pydantic inserts names of union members, which are no keys; they are dropped here.
    """
    key: list[str | int] = []
    candidates: list[type[BaseModel]] = [schema]
    owner: type[BaseModel] | None = schema
    for index, part in enumerate(loc):
        last = index == len(loc) - 1
        if part == "[key]":  # of a mapping whose key is wrong
            continue
        if isinstance(part, int):
            key.append(part)
            continue
        named = [model for model in candidates if model.__name__ == part]
        if named:  # the union member that the settings name
            candidates = named
            continue
        holder = next((model for model in candidates if part in model.model_fields), None)
        if holder is not None:
            owner = holder
            key.append(part)
            candidates = list(models_in(holder.model_fields[part].annotation))
        elif last and not part.startswith(_SCALAR_TAGS):
            owner = candidates[0] if candidates else None
            key.append(part)
    return tuple(key), owner


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """Yield the settings classes of an annotation, including those inside unions and containers."""
    if isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    if typing.get_origin(annotation) in {
        Union,
        types.UnionType,
        list,
        tuple,
        dict,
        typing.Annotated,
    }:
        for argument in typing.get_args(annotation):
            yield from models_in(argument)


def resolve_paths(settings: SettingsType, base: Path) -> SettingsType:
    """Return `settings` with every relative `Path` in it made absolute from `base`."""

    def resolve(value: Any) -> Any:
        if isinstance(value, Path):
            # Keep symbolic links: an environment's interpreter is identified by its link.
            return Path(os.path.normpath(base / os.path.expanduser(value)))
        if isinstance(value, BaseModel):
            return value.model_copy(
                update={name: resolve(getattr(value, name)) for name in type(value).model_fields}
            )
        if isinstance(value, list):
            return [resolve(item) for item in value]
        if isinstance(value, tuple):
            return tuple(resolve(item) for item in value)
        if isinstance(value, dict):
            return {name: resolve(item) for name, item in value.items()}
        return value

    return typing.cast(SettingsType, resolve(settings))
