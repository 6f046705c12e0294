"""vesin's neighbour list, without PyTorch, which its package imports if it is installed.

Loading PyTorch takes seconds and hundreds of megabytes, and these lists are of numpy arrays.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any


def neighbor_list_class() -> Any:
    """Return `vesin.NeighborList`.

    vesin is imported as if PyTorch, which it does not need, were absent, and is then removed from
    the imported modules: a later import, for use on tensors, is unaffected.
    """
    if "torch" in sys.modules or "vesin" in sys.modules:
        from vesin import NeighborList

        return NeighborList
    with _hidden("torch"):
        from vesin import NeighborList
    for name in [name for name in sys.modules if name.partition(".")[0] == "vesin"]:
        del sys.modules[name]
    return NeighborList


class _Hiding:
    """Hides the module of one name, for one thread."""

    def __init__(self, name: str) -> None:
        self.name, self.thread = name, threading.get_ident()

    def find_spec(
        self, name: str, path: object = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name == self.name and threading.get_ident() == self.thread:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


@contextmanager
def _hidden(name: str) -> Iterator[None]:
    finder = _Hiding(name)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
