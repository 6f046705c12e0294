"""Names of a package that are imported on first use."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any


def lazy_names(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Make the `__getattr__` of a package.

    Args:
        package: name of the package, for messages.
        homes: the module of each name, as `module`, or as `module:name` if the module uses another
            name. A name must differ from all submodules, which would hide it once imported.

    Returns:
        A function that imports a name, or raises `AttributeError`. If packages of an extra of
        ipip are missing, the error names the extra.
    """

    def load(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        home, _, original = homes[name].partition(":")
        try:
            module = importlib.import_module(home)
        except ModuleNotFoundError as error:
            from ipip.extras import explained

            raise explained(error, f"{package}.{name}") from None
        return getattr(module, original or name)

    return load
