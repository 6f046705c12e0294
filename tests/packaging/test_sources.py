"""Which part may know which: licences and headers."""

from __future__ import annotations

import re
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


def test_libipip_includes_no_lammps_header(repository: Path) -> None:
    for file in sources(repository / "cpp"):
        own = {"omp.h", "smmintrin.h", "immintrin.h"}  # the compiler's
        own |= {"pthread.h", "signal.h", "unistd.h"}  # the system's
        wrong = {h for h in includes(file) if h.endswith(".h") and "/" not in h} - own
        assert not wrong, f"{file}: {wrong}"
        assert "LAMMPS_NS" not in file.read_text()


def test_public_headers_show_no_torch(repository: Path) -> None:
    for file in sources(repository / "cpp" / "include"):
        allowed = re.compile(r"^(ipip/|[a-z_]+$)")
        assert all(allowed.match(h) for h in includes(file)), file


@pytest.mark.parametrize(
    ("folder", "licence"), [("cpp", "MIT"), ("lammps-plugin", "GPL-2.0-or-later")]
)
def test_each_source_names_its_licence(repository: Path, folder: str, licence: str) -> None:
    for file in sources(repository / folder):
        assert file.read_text().startswith(f"// SPDX-License-Identifier: {licence}\n"), file
