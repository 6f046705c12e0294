"""Strict JSON for foreign files: nothing that two readers could interpret differently."""

from __future__ import annotations

import json
import math
from typing import Any

DEEPEST = 64
MOST_DIGITS = 400  # of one number; a float64 has 309 before its point
MOST_VALUES = 200_000


def parse_json(text: str) -> Any:
    """Return the value of a text.

    Raises:
        ValueError: it is not JSON, a name repeats, a number is not finite or has too many digits,
            or the text is nested too deep or has too many values.
    """
    try:
        value = json.loads(
            text,
            object_pairs_hook=_members,
            parse_int=_integer,
            parse_float=_real,
            parse_constant=_constant,
        )
    except RecursionError:
        raise ValueError(f"nested deeper than {DEEPEST}") from None
    except json.JSONDecodeError as error:
        raise ValueError(error.msg) from None
    _check_size(value)
    return value


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members: dict[str, Any] = {}
    for name, value in pairs:
        if name in members:
            raise ValueError(f"member {name[:60]!r} appears twice")
        members[name] = value
    return members


def _integer(text: str) -> int:
    if len(text) > MOST_DIGITS:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)


def _real(text: str) -> float:
    value = float(text) if len(text) <= MOST_DIGITS else math.inf
    if not math.isfinite(value):
        raise ValueError(f"{text[:60]} is out of range")
    return value


def _constant(text: str) -> float:
    raise ValueError(f"{text} is not a JSON number")


def _check_size(value: Any) -> None:
    level, depth, count = [value], 0, 0
    while level:
        count += len(level)
        if depth > DEEPEST + 1 or count > MOST_VALUES:
            raise ValueError(
                f"nested deeper than {DEEPEST}"
                if depth > DEEPEST + 1
                else f"more values than {MOST_VALUES}"
            )
        deeper: list[Any] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        level, depth = deeper, depth + 1
