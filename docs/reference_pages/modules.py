"""The reference of the Python interface: a page for each public module, filled by autodoc."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.reference_pages.overview import overview
from docs.reference_pages.undocumented import require_sentences

from ipip.config import Settings

PAGE = Path(__file__).resolve().parents[1] / "python.md"


def public_modules() -> list[str]:
    """Return the names of the modules that the table of python.md lists."""
    table = PAGE.read_text(encoding="utf-8").split("\n## Modules\n")[1]
    return re.findall(r"^\| `(ipip[\w.]*)` \|", table, flags=re.MULTILINE)


def module_pages() -> dict[str, str]:
    """Return the text of each page by its file name."""
    names = public_modules()
    missing = [what for name in names for what in _unexplained(name)]
    require_sentences(missing, "give it a docstring")
    pages = {f"{name}.rst": _page(name) for name in names}
    rows = [
        f"| [`{name}`]({name}.rst) | {_first_line(importlib.import_module(name))} |"
        for name in names
    ]
    pages["modules.md"] = overview(
        "Python modules",
        [
            "All that may be imported, from the docstrings; [Python](../python.md) shows how they",
            "are used.",
        ],
        ["module", "what"],
        rows,
        names,
    )
    return pages


def _first_line(value: Any) -> str:
    return (inspect.getdoc(value) or "").split("\n")[0]


def _unexplained(name: str) -> list[str]:
    module = importlib.import_module(name)
    described = [public for public in module.__all__ if callable(getattr(module, public))]
    bare = [
        f"{name}.{public}" for public in described if not inspect.getdoc(getattr(module, public))
    ]
    constants = [public for public in module.__all__ if not callable(getattr(module, public))]
    bare += [f"{name}.{public}" for public in constants if not constant_sentence(name, public)]
    return bare if module.__doc__ else [name, *bare]


def _page(name: str) -> str:
    module = importlib.import_module(name)
    lines = [name, "=" * len(name), "", f".. py:module:: {name}", "", _first_line(module), ""]
    for public in sorted(module.__all__, key=lambda own: (own.lower(), own)):
        lines += _entry(name, public, getattr(module, public))
    return "\n".join(lines)


def _entry(module: str, name: str, value: Any) -> Iterator[str]:
    path = f"{module}.{name}"
    if inspect.isclass(value) and issubclass(value, Settings):
        yield from (f".. py:class:: {name}", "", f"   {_first_line(value)}", "")
        yield from ("   Its keys are those of the settings files: :doc:`settings`.", "")
    elif inspect.isclass(value):
        yield from (f".. autoclass:: {path}", "   :members:", "")
    elif inspect.isroutine(value):
        yield from (f".. autofunction:: {path}", "")
    else:
        yield from (f".. py:data:: {name}", "", f"   {constant_sentence(module, name)}", "")


def constant_sentence(module: str, name: str) -> str:
    """Return the text below the assignment of a constant, in the module that it comes from."""
    tree = ast.parse(inspect.getsource(importlib.import_module(module)))
    body = tree.body + [own for node in tree.body for own in getattr(node, "body", [])]
    for node, following in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.ImportFrom) and name in [own.name for own in node.names]:
            return constant_sentence(str(node.module), name)
        targets = [*getattr(node, "targets", []), getattr(node, "target", None)]
        if any(isinstance(own, ast.Name) and own.id == name for own in targets):
            text = following.value if isinstance(following, ast.Expr) else None
            return str(text.value) if isinstance(text, ast.Constant) else ""
    return ""
