"""What ipip starts ends with it, however it ends: processes are found by a mark they inherit."""

import os
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import numpy as np
import pytest

from ipip.data.frame import Frame
from ipip.lammps.geometry import lammps_box, write_data

pytestmark = pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs /proc")
MARK = "IPIP_TEST_MARK"
CODE = "from ipip.cli.main import main; raise SystemExit(main())"
BIN = Path(sys.executable).parent

DECK = """\
units metal
boundary p p p
read_data start.data
pair_style lj/cut 5.0
pair_coeff * * 0.01 2.5
velocity all create 300.0 7
fix 1 all nve
thermo 100
run 100000000
"""


@pytest.fixture
def marked():
    """An environment whose mark tells processes of this test, and how to find them."""
    mark = uuid.uuid4().hex
    environment = os.environ | {MARK: mark, "OMP_NUM_THREADS": "1"}
    environment["PATH"] = f"{BIN}{os.pathsep}{os.environ['PATH']}"
    yield environment
    for pid, _ in living(environment):
        os.kill(pid, signal.SIGKILL)


def living(environment) -> list[tuple[int, str]]:
    """Return process id and command line of what lives and has the mark."""
    mark, found = f"{MARK}={environment[MARK]}".encode(), []
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and mark in Path("/proc", entry, "environ").read_bytes():
                words = Path("/proc", entry, "cmdline").read_bytes().replace(b"\0", b" ")
                if Path("/proc", entry, "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z":
                    found.append((int(entry), words.decode()))
        except OSError:
            continue
    return found


def wait_until(condition, what, seconds=60.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def ends(environment, seconds=20.0):
    """Wait until nothing with the mark lives."""
    end = time.monotonic() + seconds
    while left := living(environment):
        assert time.monotonic() < end, f"these live on: {left}"
        time.sleep(0.05)


def heed_interrupts():
    """Undo what a shell does to programs in the background, these tests perhaps among them."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.fixture
def deck(tmp_path, box):
    symbols = ("Mo", "S", "O")
    write_data(tmp_path / "start.data", box, symbols, lammps_box(box))
    (tmp_path / "in.lammps").write_text(DECK)
    return tmp_path


@pytest.fixture
def box():
    grid = np.stack(np.meshgrid(*[np.arange(3)] * 3, indexing="ij"), -1).reshape(-1, 3)
    return Frame(
        numbers=np.resize([42, 16, 8], 27),
        positions=4.0 * (grid + 0.5),
        cell=12.0 * np.eye(3),
        pbc=np.ones(3, dtype=bool),
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_a_users_own_deck_ends_with_a_signal_to_its_process(marked, deck, number):
    own = subprocess.Popen(
        [sys.executable, "-m", "ipip.lmp", "-in", "in.lammps"],
        cwd=deck,
        env=marked,
        stdout=subprocess.DEVNULL,
        preexec_fn=heed_interrupts,
    )
    wait_until(lambda: "Step" in log(deck), "LAMMPS did not begin")
    own.send_signal(number)
    assert own.wait(20) == -number
    ends(marked)


@pytest.mark.parametrize("victim", ["rank", "mpirun"])
def test_killed_under_mpirun_no_rank_of_a_users_own_deck_lives_on(marked, deck, victim):
    command = ["mpirun", "-n", "2", sys.executable, "-m", "ipip.lmp", "-in", "in.lammps"]
    own = subprocess.Popen(
        command, cwd=deck, env=marked, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    wait_until(lambda: "Step" in log(deck), "LAMMPS did not begin")
    ranks = [pid for pid, words in living(marked) if words.split(" ")[0].endswith("/lmp")]
    assert len(ranks) == 2
    os.kill(ranks[1] if victim == "rank" else own.pid, signal.SIGKILL)
    assert own.wait(20) != 0
    ends(marked)


def log(folder) -> str:
    path = folder / "log.lammps"
    return path.read_text() if path.exists() else ""


SLOW = '''
import subprocess
from ase.calculators.emt import EMT

class Slow(EMT):
    """A teacher that waits for a program of its own, as one waits for CP2K under mpirun."""

    def calculate(self, *arguments, **more):
        subprocess.run(["sh", "-c", "sleep 1000 & wait"], check=True)
'''


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_teacher_that_waits_for_a_program_ends_with_its_program(marked, tmp_path, number):
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "level.yaml").write_text(
        f"{{kind: ase, import_path: 'slow:Slow', import_folder: {tmp_path}, workers: 2}}"
    )
    text = '2\nProperties=species:S:1:pos:R:3 pbc="F F F"\nCu 0 0 0\nCu 0 0 2.5\n'
    (tmp_path / "frames.xyz").write_text(text + text.replace("2.5", "2.6"))
    given = ["label", "level.yaml", "frames.xyz", "--out", "out.xyz"]
    own = subprocess.Popen(
        [sys.executable, "-c", CODE, *given],
        cwd=tmp_path,
        env=marked,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    sleeping = [f"sleep {10**3} "] * 2
    wait_until(
        lambda: (
            [w for _, w in living(marked) if w.startswith("sleep")] == sleeping
            or own.poll() is not None
        ),
        "the teachers did not begin",
    )
    assert own.poll() is None, own.communicate()
    own.send_signal(number)
    own.wait(30)
    ends(marked)


def test_a_teacher_that_dies_leaves_no_program_behind(marked, tmp_path):
    (tmp_path / "slow.py").write_text(SLOW)
    (tmp_path / "level.yaml").write_text(
        f"{{kind: ase, import_path: 'slow:Slow', import_folder: {tmp_path}}}"
    )
    text = '2\nProperties=species:S:1:pos:R:3 pbc="F F F"\nCu 0 0 0\nCu 0 0 2.5\n'
    (tmp_path / "frames.xyz").write_text(text)
    given = ["label", "level.yaml", "frames.xyz", "--out", "out.xyz"]
    own = subprocess.Popen(
        [sys.executable, "-c", CODE, *given], cwd=tmp_path, env=marked, stderr=subprocess.PIPE
    )
    wait_until(lambda: any(w.startswith("sleep") for _, w in living(marked)), "no teacher began")
    (worker,) = {
        int(Path("/proc", str(pid), "stat").read_text().rsplit(")", 1)[1].split()[1])
        for pid, words in living(marked)
        if words.startswith("sh -c sleep")
    }
    os.kill(worker, signal.SIGKILL)
    _, said = own.communicate(timeout=30)
    assert own.returncode == 1 and b"killed by signal 9" in said
    ends(marked)


def test_packmol_ends_with_the_process_that_started_it(marked, tmp_path):
    code = """
from ase import Atoms
from ipip.systems.packing import pack
pack({"He": Atoms("He")}, {"He": 60000}, (130.0,) * 3, tolerance=2.6, periodic=True, seed=1)
"""
    own = subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path, env=marked)
    wait_until(
        lambda: any("packmol" in Path(w.split(" ")[0]).name for _, w in living(marked)),
        "packmol did not begin",
    )
    own.kill()
    own.wait()
    ends(marked, 5.0)


@pytest.mark.slow
def test_processes_of_torchrun_end_when_it_is_killed(marked, tmp_path):
    (tmp_path / "wait.py").write_text(
        "import os, time\n"
        "from ipip.cli.train import _processes\n"
        "with _processes('cpu'):\n"
        "    open(f'begun-{os.environ[\"RANK\"]}', 'w').close()\n"
        "    time.sleep(1000)\n"
    )
    command = [str(BIN / "torchrun"), "--nproc-per-node", "2", "wait.py"]
    own = subprocess.Popen(command, cwd=tmp_path, env=marked, stderr=subprocess.DEVNULL)
    wait_until(lambda: len(list(tmp_path.glob("begun-*"))) == 2, "the ranks did not begin", 240)
    own.kill()
    own.wait()
    ends(marked)
