"""What holds for sources: licences, headers, and that text files are UTF-8 in every locale."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest


def sources(folder: Path) -> list[Path]:
    found = [p for p in folder.rglob("*") if p.suffix in {".cpp", ".hpp", ".h", ".c"}]
    assert found
    return found


def includes(file: Path) -> set[str]:
    return set(re.findall(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', file.read_text(), re.MULTILINE))


def test_the_plugin_includes_no_torch_header(repository: Path) -> None:
    for file in sources(repository / "lammps-plugin"):
        wrong = {h for h in includes(file) if re.match(r"(torch|ATen|c10|caffe2|pybind11)/", h)}
        assert not wrong, f"{file}: {wrong}"


TORCH = r"(torch|ATen|c10|caffe2)/"


def test_torch_headers_are_for_torchscript_and_training_only(repository: Path) -> None:
    source = repository / "cpp" / "src"
    allowed = (source / "backends/torchscript", source / "backends/cpu/training")
    for file in sources(source):
        if not any(file.is_relative_to(folder) for folder in allowed):
            assert not {h for h in includes(file) if re.match(TORCH, h)}, file


def code(file: Path) -> str:
    """Text of a C++ file without comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", "", file.read_text(), flags=re.DOTALL)


def test_one_file_lists_the_backends(repository: Path) -> None:
    source, plugin = repository / "cpp" / "src", repository / "lammps-plugin"
    one = source / "make_backend.cpp"
    assert '"torchscript"' in code(one) and "backends/cpu/" in code(one)
    for file in [*sources(source), *sources(plugin)]:
        if file == one or file.is_relative_to(source / "backends"):
            continue
        asked = re.findall(r'"(?:fused|kernels|torchscript)"|backend\(\)(?:\.| [!=]=)', code(file))
        assert not asked, f"{file}: {asked}"
        assert not {h for h in includes(file) if "backends/" in h and "ipip/" not in h}, file


def test_python_queries_no_evaluator_for_its_backend(repository: Path) -> None:
    of_evaluator = (
        r"\.(?:backend|description)(?:\.startswith| [!=]= )|\" in \w+\.(?:backend|description)\b"
    )
    for file in (repository / "python").rglob("*.py"):
        asked = re.findall(of_evaluator, file.read_text(encoding="utf-8"))
        assert not asked, f"{file}: {asked}"


def test_libipip_includes_no_lammps_header(repository: Path) -> None:
    for file in sources(repository / "cpp"):
        own = {"omp.h", "smmintrin.h", "immintrin.h"}  # the compiler's
        own |= {"dlfcn.h", "pthread.h", "signal.h", "unistd.h"}  # the system's
        wrong = {h for h in includes(file) if h.endswith(".h") and "/" not in h} - own
        assert not wrong, f"{file}: {wrong}"
        assert "LAMMPS_NS" not in file.read_text()


def test_public_headers_include_no_torch(repository: Path) -> None:
    for file in sources(repository / "cpp" / "include"):
        allowed = re.compile(r"^(ipip/|[a-z_]+$)")
        assert all(allowed.match(h) for h in includes(file)), file


@pytest.mark.parametrize(
    ("folder", "licence"), [("cpp", "MIT"), ("lammps-plugin", "GPL-2.0-or-later")]
)
def test_each_source_names_its_licence(repository: Path, folder: str, licence: str) -> None:
    for file in sources(repository / folder):
        assert file.read_text().startswith(f"// SPDX-License-Identifier: {licence}\n"), file


SUBPROCESS_TEXT = ("text", "universal_newlines")


def text_without_encoding(tree: ast.AST) -> Iterator[ast.Call]:
    """Yield the calls that read or write text in the encoding of the locale."""
    for call in ast.walk(tree):
        if not isinstance(call, ast.Call):
            continue
        options = {option.arg: option.value for option in call.keywords}
        if "encoding" in options:
            continue
        if any(getattr(options.get(name), "value", None) is True for name in SUBPROCESS_TEXT):
            yield call
        function = call.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        method = isinstance(function, ast.Attribute)
        if (method and name == "write_text") or (name == "read_text" and not call.args):
            yield call
        modes = [
            value.value
            for value in (*call.args, options.get("mode"))
            if isinstance(value, ast.Constant) and re.fullmatch("[rwxa][bt+]*", str(value.value))
        ]
        if name in {"open", "fdopen"} and modes and "b" not in str(modes[0]):
            yield call
        if name == "open" and not method and len(call.args) < 2 and "mode" not in options:
            yield call


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("open(p)", 1),
        ("open(p, 'w')", 1),
        ("p.open('a')", 1),
        ("p.write_text(t)", 1),
        ("run(c, text=True)", 1),
        ("open(p, 'rb'); p.open('wb'); open(p, encoding='utf-8'); write_text(p, t)", 0),
    ],
)
def test_text_in_the_encoding_of_the_locale_is_found(code: str, found: int) -> None:
    assert len(list(text_without_encoding(ast.parse(code)))) == found


def test_every_text_file_names_its_encoding(repository: Path) -> None:
    for file in (repository / "python").rglob("*.py"):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        wrong = [call.lineno for call in text_without_encoding(tree)]
        assert not wrong, f"{file}: lines {wrong}"
