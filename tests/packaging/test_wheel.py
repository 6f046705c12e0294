"""A wheel built here holds both parts, both licences and nothing that it should not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def wheel(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build into the folder that the installation used, so that little is compiled."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-m", "pip", "wheel", str(repository), "--no-build-isolation"]
        + ["--no-deps", "--no-index", "--quiet", "-w", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (file,) = folder.glob("ipip-*.whl")
    return zipfile.ZipFile(file)


def test_it_holds_the_compiled_parts(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    for name in (
        "libipip.so",
        "libipip_torch.so",
        "include/ipip/student.hpp",
        "plugin.py",
        "_core.pyi",
    ):
        assert f"ipip/{name}" in names
    for name in ("ipipplugin.so", "libipip_lammps.so"):
        assert f"ipip/plugin/{name}" in names
    assert any(n.startswith("ipip/_core.") and n.endswith(".so") for n in names)
    assert "ipip/libipip_cuda.so" in names or shutil.which("nvcc") is None
    assert not [n for n in names if n.startswith(("tests", "build", "cpp", "lammps-plugin"))]


def test_it_holds_both_licences(wheel: zipfile.ZipFile) -> None:
    texts = {n: wheel.read(n).decode() for n in wheel.namelist() if n.endswith("LICENSE")}
    assert len(texts) == 2
    assert any(t.startswith("MIT License") for t in texts.values())
    assert any("GNU GENERAL PUBLIC LICENSE" in t for t in texts.values())


def test_its_metadata_name_the_extras_and_no_teacher_and_no_torch_by_default(
    wheel: zipfile.ZipFile,
) -> None:
    (name,) = [n for n in wheel.namelist() if n.endswith("METADATA")]
    fields = Parser().parsestr(wheel.read(name).decode())
    assert fields["License-Expression"] == "MIT AND GPL-2.0-or-later"
    assert {"train", "sevennet", "mace", "chgnet", "xtb"} <= set(fields.get_all("Provides-Extra"))
    required = [r for r in fields.get_all("Requires-Dist") if "extra ==" not in r]
    heavy = ("torch", "lightning", "tensorboard", "sevenn", "mace", "chgnet", "tblite")
    assert not [r for r in required if r.startswith(heavy)]
    (torch,) = [r for r in fields.get_all("Requires-Dist") if r.startswith("torch<")]
    assert torch.startswith("torch<2.14,>=2.13") and "extra == 'train'" in torch.replace('"', "'")
