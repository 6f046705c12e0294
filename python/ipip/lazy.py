"""Names that a package offers and that are imported when they are first used."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the `__getattr__` of a package.

    Args:
        package: its name, for messages.
        homes: the module of each name, as `module`, or as `module:name` where it has another name
            there. A name must not be that of a submodule, which would hide it once imported.

    Returns:
        A function that imports a name, or raises `AttributeError`. Where packages of an extra of
        ipip are missing, the error says which.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home, _, there = homes[name].partition(":")
        try:
            module = importlib.import_module(home)
        except ModuleNotFoundError as error:
            from ipip.extras import explained

            raise explained(error, f"{package}.{name}") from None
        return getattr(module, there or name)

    return load
