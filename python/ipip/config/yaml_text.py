"""YAML of settings files: the core schema of YAML 1.2, in which `NO` is text and `1e-3` a number.

PyYAML follows YAML 1.1: there nitrogen monoxide, yttrium or nobelium (`NO`, `Y`, `No`) can be truth
values, `1e-3` is text, `0777` is 511, `1:30` is 90 and `2026-01-01` a date.

Source: YAML 1.2.2, section 10.3 (core schema).
"""

from __future__ import annotations

import re
from typing import Any

import yaml

_BOOL = re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$")
_INT = re.compile(r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$")
_FLOAT = re.compile(
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$"
)
_NULL = re.compile(r"^(?:~|null|Null|NULL|)$")
MOST_VALUES = 1_000_000
_RESOLVERS = (
    ("bool", _BOOL, "tTfF"),
    ("int", _INT, "-+0123456789"),
    ("float", _FLOAT, "-+.0123456789"),
    ("null", _NULL, ("~", "n", "N", "")),
    ("merge", re.compile(r"^<<$"), "<"),
)


class PlainWord(str):
    """Text without quotes that YAML 1.1 would read as another type, such as `no`."""

    __slots__ = ()


class CoreLoader(yaml.SafeLoader):
    """PyYAML's safe loader with the core schema of YAML 1.2."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 - PyYAML's own way


class _CoreDumper(yaml.SafeDumper):
    """Quotes text that either version of YAML would read as another type."""


def _construct_int(loader: CoreLoader, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    return int(text, 0) if text[:2] in ("0o", "0x") else int(text, 10)


def _construct_text(loader: CoreLoader, node: yaml.ScalarNode) -> str:
    text = str(loader.construct_scalar(node))
    if node.style is None and text:
        before = yaml.resolver.Resolver.yaml_implicit_resolvers.get(text[0], ())
        if any(pattern.match(text) for _, pattern in before):
            return PlainWord(text)
    return text


for _name, _pattern, _first in _RESOLVERS:
    CoreLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, list(_first))
    if _name == "float":
        _CoreDumper.add_implicit_resolver(f"tag:yaml.org,2002:{_name}", _pattern, list(_first))
_CoreDumper.add_representer(PlainWord, yaml.SafeDumper.represent_str)
CoreLoader.add_constructor("tag:yaml.org,2002:int", _construct_int)
CoreLoader.add_constructor("tag:yaml.org,2002:str", _construct_text)


def parse_yaml(text: str) -> Any:
    """Return the values of a YAML text; unquoted `no`, `1:30` and the like are `PlainWord`.

    Raises:
        yaml.YAMLError: it is not YAML, is nested too deeply, or is too large with its aliases
        expanded.
    """
    loader = CoreLoader(text)
    try:
        root = loader.get_single_node()
        if root is None:
            return None
        if _size(root, {}) > MOST_VALUES:
            raise yaml.YAMLError(f"more than {MOST_VALUES} values with its aliases expanded")
        return loader.construct_document(root)
    except RecursionError:
        raise yaml.YAMLError("it is nested too deeply") from None
    except ValueError as error:  # an integer of thousands of digits
        raise yaml.YAMLError(str(error).partition(";")[0]) from None
    finally:
        loader.dispose()


def _size(node: yaml.Node, sizes: dict[yaml.Node, int]) -> int:
    """Count the values of a node with aliases expanded; a few aliases can make billions."""
    if node not in sizes:
        sizes[node] = MOST_VALUES + 1  # a node within itself has no end
        parts = node.value if isinstance(node, yaml.CollectionNode) else []
        flat = [part for item in parts for part in (item if isinstance(item, tuple) else (item,))]
        sizes[node] = 1 + sum(_size(part, sizes) for part in flat)
    return sizes[node]


def yaml_text(values: Any, **options: Any) -> str:
    """Return plain values as YAML text, in their order, that both versions of YAML read alike."""
    text: str = yaml.dump(
        values, Dumper=_CoreDumper, sort_keys=False, allow_unicode=True, **options
    )
    return text


def plain_words(value: Any, at: str = "") -> list[tuple[str, str]]:
    """Return the key path and the text of every `PlainWord` inside a value."""
    if isinstance(value, PlainWord):
        return [(at, str(value))]
    if isinstance(value, dict):
        return [word for key, own in value.items() for word in plain_words(own, f"{at}.{key}")]
    if isinstance(value, list):
        return [word for k, own in enumerate(value) for word in plain_words(own, f"{at}[{k}]")]
    return []
