"""The installation after `pip install` of the wheel, on a machine without compiler and cmake."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator
from ase.io import write

from ipip import IpipCalculator, save_student
from ipip.models import Student
from tests.packaging.conftest import Once
from tests.pair_style.conftest import a_gas, header, write_start

BUILD_TOOLS = ("c++", "cc", "g++", "gcc", "clang", "cmake", "ninja", "make", "ld", "as")


def in_environment(environment: Path, folder: Path, *command: str, threads: int = 1) -> str:
    """Run a command of an environment, with nothing else on PATH; it has to end well."""
    program = environment / "bin" / command[0]
    done = subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=240,
        check=False,
        env={
            "PATH": str(environment / "bin"),
            "HOME": str(folder),
            "OMP_NUM_THREADS": str(threads),
        },
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture
def run(tmp_path: Path, make_student: Callable[..., Student]) -> Path:
    """A folder with a student, a structure and a deck that prints energy and forces."""
    save_student(make_student(dtype="float64"), tmp_path / "float64.pt")
    box = write_start(tmp_path, a_gas())
    a_gas().write(tmp_path / "gas.traj")
    (tmp_path / "in.deck").write_text(
        header(box) + "dump 1 all custom 1 out.dump id fx fy fz\n"
        "dump_modify 1 sort id format float %.17g\nthermo_modify norm no\nrun 0\n"
        'print "$(pe:%.17g)" file energy screen no\n'
    )
    return tmp_path


CALCULATOR = """
import json, sys
from ase.io import read
from ipip import IpipCalculator
atoms = read("gas.traj")
atoms.calc = IpipCalculator("float64.pt")
maps = lambda: open("/proc/self/maps").read().split()
print(json.dumps({
    "energy": atoms.get_potential_energy(),
    "forces": atoms.get_forces().tolist(),
    "modules": [name for name in ("torch", "lightning") if name in sys.modules],
    "torch": sorted({p for p in maps() if "libtorch" in p or "libc10" in p}),
    "openmp": sorted({p for p in maps() if "libgomp" in p}),
}))
"""


@pytest.fixture
def expected(run: Path) -> tuple[float, np.ndarray]:
    """Energy and forces of the structure, by the installation that the tests run in."""
    atoms = a_gas()
    atoms.calc = IpipCalculator(run / "float64.pt", backend="eager")
    return atoms.get_potential_energy(), atoms.get_forces()


def test_decks_run_without_torch_and_without_a_compiler(
    light_environment: Path, run: Path, expected: tuple[float, np.ndarray]
) -> None:
    energy, forces = expected
    assert not any(shutil.which(tool, path=str(light_environment / "bin")) for tool in BUILD_TOOLS)
    for launcher in ([], ["mpirun", "-n", "2"]):
        words = [*launcher, "lmp", "-in", "in.deck", "-log", "none", "-nocite"]
        text = in_environment(light_environment, run, *words)
        assert "kernels, " in text
        assert ("1 by 1 by 1 MPI processor grid" in text) == (not launcher), text
        assert float((run / "energy").read_text()) == pytest.approx(energy, abs=1e-8)
        rows = np.loadtxt(run / "out.dump", skiprows=9)
        assert np.allclose(rows[:, 1:], forces, atol=1e-8)


def test_the_calculator_runs_without_torch(
    light_environment: Path, run: Path, expected: tuple[float, np.ndarray]
) -> None:
    energy, forces = expected
    found = json.loads(in_environment(light_environment, run, "python", "-c", CALCULATOR))
    assert not found["modules"] and not found["torch"]
    assert found["energy"] == pytest.approx(energy, abs=1e-8)
    assert np.allclose(found["forces"], forces, atol=1e-8)
    (openmp,) = found["openmp"]  # the wheel's copy, where no torch has one
    assert openmp.endswith("/ipip/openmp/libgomp.so.1")


def test_the_doctor_is_content_without_torch(light_environment: Path, run: Path) -> None:
    """It runs the deck that it ships on one rank and on two."""
    found = json.loads(in_environment(light_environment, run, "ipip", "doctor", "--json"))
    states = {one["name"]: one["state"] for one in found}
    assert states["deck, 1 rank"] == states["deck, 2 ranks"] == "good"
    assert states["training"] == "note" and "fault" not in states.values()
    (part,) = [one["value"] for one in found if one["name"] == "PyTorch part"]
    assert part.startswith("built for torch 2.") and part.endswith("of which none is installed")


@pytest.fixture(scope="session")
def training_environment(light_environment: Path, once: Once) -> Path:
    """The same environment with the packages of this one beside its own, torch among them.

    The packages of the extra `train` are linked, not copied.
    """

    def link(folder: Path) -> None:
        (packages,) = light_environment.glob("lib/python*/site-packages")
        copy = folder / packages.relative_to(light_environment)
        copy.mkdir(parents=True)
        shutil.copytree(packages / "ipip", copy / "ipip")  # it finds torch from where it lies
        beside = [*packages.iterdir(), *Path(torch.__file__).parents[1].iterdir()]
        own = [light_environment, light_environment / "lib"]
        for there in [entry for place in own for entry in place.iterdir()] + beside:
            inside = there.is_relative_to(light_environment)
            link = folder / there.relative_to(light_environment) if inside else copy / there.name
            if not link.exists() and there.name != "bin" and (inside or "ipip" not in there.name):
                link.symlink_to(there)
        (folder / "bin").mkdir()
        for file in (light_environment / "bin").iterdir():  # commands begin with a path of Python
            start = f"#!{light_environment}/bin/".encode()
            command = folder / "bin" / file.name
            if not file.is_symlink() and (data := file.read_bytes()).startswith(start):
                command.write_bytes(data.replace(start, f"#!{folder}/bin/".encode(), 1))
                command.chmod(0o755)
            else:
                command.symlink_to(file.readlink() if file.is_symlink() else file)

    return once("training", link)


ORDERS = """
import sys
if sys.argv[1] == "torch first":
    import torch
from ipip.native import core, load_operators
student = core.Student("float64.pt", threads=2)
import torch
load_operators()
core.Student("float64.pt", "torchscript")
torch.set_num_threads(2)
torch.ones(400, 400) @ torch.ones(400, 400)
print(*{p for p in open("/proc/self/maps").read().split() if p.endswith("/libgomp.so.1")})
"""


@pytest.mark.parametrize("order", ["torch first", "ipip first"])
def test_with_torch_a_process_has_one_openmp_runtime(
    training_environment: Path, run: Path, order: str
) -> None:
    (runtime,) = in_environment(training_environment, run, "python", "-c", ORDERS, order).split()
    assert Path(runtime).samefile(Path(torch.__file__).parent / "lib" / "libgomp.so.1")


def test_with_torch_it_trains(training_environment: Path, run: Path) -> None:
    random = np.random.default_rng(1)
    frames = []
    for _ in range(12):
        positions = np.array([[0.0, 0, 0], [1.6, 0, 0], [0, 1.6, 0]])
        positions += 0.1 * random.normal(size=(3, 3))
        atoms = Atoms("MoOS", positions, cell=[8, 8, 8], pbc=True)
        labels = {"energy": -20 + random.normal(), "forces": random.normal(size=(3, 3))}
        atoms.calc = SinglePointCalculator(atoms, **labels)
        frames.append(atoms)
    write(run / "frames.xyz", frames)
    (run / "small.yaml").write_text(
        "data: [{path: frames.xyz}]\nsplit: {valid: 2, test: 2}\n"
        "student: {channels: 16, layers: 1, cutoff: 4.0}\n"
        "training: {max_epochs: 2, warmup_steps: 2}\nseed: 5\n"
    )
    in_environment(training_environment, run, "ipip", "train", "small.yaml", "--quiet")
    (student,) = run.glob("**/student.pt")
    deck = (run / "in.deck").read_text().replace("float64.pt", str(student))
    deck = deck.replace("pair_style ipip", "pair_style ipip backend torchscript")
    (run / "in.deck").write_text(deck)
    words = ["lmp", "-in", "in.deck", "-log", "none", "-nocite"]
    assert "torchscript" in in_environment(training_environment, run, *words)
    assert np.isfinite(float((run / "energy").read_text()))
