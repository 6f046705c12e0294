"""What users may import is listed, documented, and the only thing that the docs name."""

from __future__ import annotations

import ast
import dataclasses
import importlib
import importlib.util
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

REPOSITORY = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        REPOSITORY / "README.md",
        *(REPOSITORY / "docs").glob("*.md"),
        *(REPOSITORY / "examples").rglob("*.md"),
    ]
)
PROGRAMS = {"ipip.lmp", "ipip.stages.table"}  # started by python -m
OTHERS = {"args", "kwargs"}  # of protocols
FILES = {"ipip.json", "ipip.safetensors"}  # records of a model file
PATH = re.compile(r"(?<![\w./-])ipip(?:\.\w+)+")


def listed() -> list[str]:
    """Modules in the table of docs/python.md."""
    text = (REPOSITORY / "docs" / "python.md").read_text(encoding="utf-8")
    table = text[text.index("## Modules") :]
    return re.findall(r"^\| `(ipip[\w.]*)` \|", table, flags=re.MULTILINE)


MODULES = listed()


def public_names() -> Iterator[tuple[str, Any]]:
    for module in map(importlib.import_module, MODULES):
        for name in module.__all__:
            yield f"{module.__name__}.{name}", getattr(module, name)


def refusal(path: str) -> str:
    """Return why a dotted path is not public; empty if it is."""
    parts = path.split(".")
    home = next(
        ".".join(parts[:n]) for n in range(len(parts), 0, -1) if ".".join(parts[:n]) in MODULES
    )
    rest = parts[len(home.split(".")) :]
    if rest and rest[0] not in importlib.import_module(home).__all__:
        return f"{path}: {rest[0]} is not among the public names of {home}"
    return ""


def test_every_module_of_the_table_offers_documented_names() -> None:
    assert MODULES[0] == "ipip" and len(set(MODULES)) == len(MODULES)
    for name in MODULES:
        module = importlib.import_module(name)
        assert module.__doc__, name
        assert len(set(module.__all__)) == len(module.__all__), name
        assert all(hasattr(module, public) for public in module.__all__), name


def test_a_public_name_is_not_hidden_by_a_module_of_the_same_name() -> None:
    for name in MODULES:
        package = importlib.import_module(name)
        for public in package.__all__:
            if hasattr(package, "__path__") and importlib.util.find_spec(f"{name}.{public}"):
                importlib.import_module(f"{name}.{public}")
                assert not inspect.ismodule(getattr(package, public)), f"{name}.{public}"


def test_the_light_modules_do_not_load_torch() -> None:
    light = ("ipip", "ipip.config", "ipip.doctor", "ipip.errors", "ipip.loop", "ipip.testing")
    script = f"import sys, {', '.join(light)}; print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_a_page_names_public_paths_only(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    text = re.sub(r"^ *(from|import) ipip.*$", "", text, flags=re.MULTILINE)  # the next test
    paths = set(PATH.findall(text)) - FILES - PROGRAMS
    assert not [why for path in paths if (why := refusal(path))]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: str(p.relative_to(REPOSITORY)))
def test_examples_on_a_page_import_public_names_only(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    wrong = []
    for code in re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        for node in ast.walk(ast.parse(code)):
            if isinstance(node, ast.Import):
                wrong += [a.name for a in node.names if a.name.startswith("ipip.")]
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "ipip":
                offered = importlib.import_module(node.module or "").__all__
                known = node.module in MODULES
                wrong += [f"{node.module}.{a.name}" for a in node.names if a.name not in offered]
                wrong += [] if known else [str(node.module)]
    assert not [path for path in wrong if path not in MODULES]


def test_private_paths_are_seen() -> None:
    assert refusal("ipip.loop.run.run_loop") and refusal("ipip.native.load_operators")
    assert refusal("ipip._core.Student") and not refusal("ipip.testing.check_student")
    assert not refusal("ipip.train") and not refusal("ipip.predict")
    assert PATH.findall("`ipip.loop.run_loop`, ../ipip.x and ipip.lmp") == [
        "ipip.loop.run_loop",
        "ipip.lmp",
    ]


# Classes that describe their contents themselves.
DOCUMENTED = {path.split(".")[-1] for path, value in public_names() if inspect.isclass(value)}


def lacks(path: str, value: Any) -> list[str]:
    """Return what the docstrings of a public name lack."""
    if not callable(value):
        return []
    text = inspect.getdoc(value) or ""
    if not text:
        return [f"{path} has no docstring"]
    if not inspect.isclass(value):
        return lacks_of_function(path, value, text)
    found = []
    fields: list[str] = []
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value)]
    elif "__init__" in vars(value) and not issubclass(value, BaseModel | BaseException):
        fields = [name for name in list(inspect.signature(value).parameters) if name not in OTHERS]
    found += [f"{path}: {name} is not described" for name in fields if not says(text, name)]
    for name, member in vars(value).items():
        if inspect.isfunction(member) and not name.startswith("_") and not member.__doc__:
            found += [] if inspect.getdoc(getattr(value, name)) else [f"{path}.{name}"]
    return found


def lacks_of_function(path: str, value: Any, text: str) -> list[str]:
    signature = inspect.signature(value)
    if "which has the arguments" in text:
        return []
    found = [
        f"{path}: argument {name} is not described"
        for name in signature.parameters
        if not says(text, name.lstrip("*"))
    ]
    returned = str(signature.return_annotation)
    records = [name for name in re.findall(r"\w+", returned) if name in DOCUMENTED]
    if returned != "None" and not records and not re.search(r"[Rr]eturn|[Ww]hether|Say why", text):
        found.append(f"{path}: what it returns is not described")
    return found


def says(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def test_every_public_name_is_documented() -> None:
    assert not [what for path, value in public_names() for what in lacks(path, value)]
