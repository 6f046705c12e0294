"""A real Slurm of two nodes on this machine: its daemons as plain processes."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

long = pytest.mark.skipif(
    "IPIP_TEST_CLUSTER" not in os.environ, reason="minutes: make cluster (IPIP_TEST_CLUSTER=1)"
)
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
PACKAGES = ("slurm-wlm", "munge")
# Slurm's srun starts the ranks of Debian's MPI by a library that has its name from this -dev alone.
CP2K_PACKAGES = ("cp2k", "cp2k-data", "libopenblas0-serial", "libpmix-dev")
_LOCK = Path(tempfile.gettempdir()) / "ipip-trial-slurm.lock"
NODES = ("node1", "node2")
_CONF = """
ClusterName=trial
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
AuthType=auth/munge
AuthInfo=socket={root}/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation={root}/state
SlurmdSpoolDir={root}/spool.%n
SlurmctldPidFile={root}/slurmctld.pid
SlurmdPidFile={root}/slurmd.%n.pid
SlurmctldLogFile={root}/slurmctld.log
SlurmdLogFile={root}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
SlurmdTimeout=8
SlurmctldTimeout=10
KillWait=5
MinJobAge=300
MpiDefault=none
SwitchType=switch/none
SlurmdParameters=config_overrides
OverTimeLimit=0
{nodes}
PartitionName=all Nodes={names} Default=YES MaxTime=INFINITE State=UP OverSubscribe=NO
"""


def missing() -> str | None:
    """Say why no Slurm can be started here; None: it can. Debian's packages are installed."""
    if os.geteuid() != 0:
        return "a Slurm of its own needs root"
    return _absent_after_install(_absent_programs, PACKAGES)


def missing_cp2k() -> str | None:
    """Say why no CP2K can run over ranks of a Slurm that is started after this; None: it can."""
    return missing() or _absent_after_install(_absent_of_cp2k, CP2K_PACKAGES)


def _absent_programs() -> list[str]:
    return [name for name in PROGRAMS if shutil.which(name) is None]


def _absent_of_cp2k() -> list[str]:
    absent = [] if shutil.which("cp2k.psmp") else ["cp2k.psmp"]
    if not any(Path("/usr/lib").glob("*/pmix2/lib/libpmix.so")):
        absent.append("libpmix.so")
    return absent


def _absent_after_install(absent: Callable[[], list[str]], packages: tuple[str, ...]) -> str | None:
    """Install packages where something is absent; say what is absent even then."""
    with _LOCK.open("w") as lock:  # of several processes of pytest one installs
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = _install(packages) if absent() else ""
    if not absent():
        return None
    return f"{', '.join(absent())} is not installed (Debian: {' '.join(packages)}): {said}"


def _install(packages: tuple[str, ...]) -> str:
    """Install packages; return the last words of an installation that failed."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    patient = ["apt-get", "-q", "-o", "DPkg::Lock::Timeout=120"]
    for words in (["update"], ["install", "-y", "--no-install-recommends", *packages]):
        command = [*patient, *words]
        try:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, timeout=600, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            return str(error)
        if done.returncode != 0:
            return f"{' '.join(command)}: {(done.stderr or done.stdout).strip()[-300:]}"
    return ""


class Slurm:
    """A Slurm that runs.

    Args:
        root: folder for its files; of a short path, since sockets lie there.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.drivers: list[subprocess.Popen[str]] = []
        self._conf = root / "slurm.conf"

    @property
    def environment(self) -> dict[str, str]:
        """Environment in which sbatch and its like find it."""
        return {**os.environ, "SLURM_CONF": str(self._conf)}

    @contextlib.contextmanager
    def visible(self) -> Iterator[None]:
        """Let this process find it, too."""
        before = os.environ.get("SLURM_CONF")
        os.environ["SLURM_CONF"] = str(self._conf)
        try:
            yield
        finally:
            del os.environ["SLURM_CONF"]
            if before is not None:
                os.environ["SLURM_CONF"] = before

    def start(self) -> None:
        for name in ("state", *(f"spool.{node}" for node in NODES)):
            (self.root / name).mkdir(parents=True)
        key = self.root / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        ports = free_ports(1 + len(NODES))
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={socket.gethostname()} NodeAddr=127.0.0.1 "
            f"Port={port} CPUs=2 State=UNKNOWN"
            for node, port in zip(NODES, ports[1:], strict=True)
        )
        self._conf.write_text(
            _CONF.format(
                host=socket.gethostname(),
                root=self.root,
                ports=ports,
                nodes=nodes,
                names=",".join(NODES),
            )
        )
        files = {
            "key-file": "munge.key",
            "socket": "munge.socket",
            "pid-file": "munge.pid",
            "log-file": "munge.log",
            "seed-file": "munge.seed",
        }
        options = [f"--{name}={self.root / file}" for name, file in files.items()]
        self._begin("munged", "munged", "--foreground", "--force", *options)
        _wait_for(lambda: (self.root / "munge.socket").exists(), "munged")
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        _wait_for(lambda: self.idle_nodes() == len(NODES), "the nodes")

    def start_controller(self, *options: str) -> None:
        self._begin("slurmctld", "slurmctld", "-D", "-f", str(self._conf), *options)

    def start_node(self, node: str) -> None:
        self._begin(node, "slurmd", "-D", "-N", node, "-f", str(self._conf))

    def idle_nodes(self) -> int:
        return self.run("sinfo", "--noheader", "--Node", "--format=%t").split().count("idle")

    def jobs(self, state: str = "R") -> list[str]:
        """Return the jobs of a state: R, PD, ..."""
        return self.run("squeue", "--noheader", "--states", state, "--format=%i").split()

    def node_of(self, job: str) -> str:
        return self.run("squeue", "--noheader", "--job", job, "--format=%N").strip()

    def kill(self, name: str) -> None:
        """kill -9 of a daemon."""
        self.processes[name].kill()
        self.processes.pop(name).wait()

    def kill_node(self, node: str) -> None:
        """Let a node die: its daemon and all that runs on it."""
        self.kill(node)
        for pid in _processes_of(node, self._conf):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def run(self, *command: str) -> str:
        return subprocess.run(
            command, env=self.environment, capture_output=True, text=True, timeout=30, check=False
        ).stdout

    def start_driver(self, *command: object) -> subprocess.Popen[str]:
        """Start a Python that finds this Slurm."""
        driver = subprocess.Popen(
            [sys.executable, *map(str, command)],
            env={**self.environment, "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self.drivers.append(driver)
        return driver

    def end_drivers(self) -> None:
        """Kill drivers and jobs that a test which failed has left: the next one would find them."""
        for driver in self.drivers:
            driver.kill()
            driver.wait()
        self.drivers.clear()
        for state in ("RUNNING", "PENDING"):
            self.run("scancel", f"--state={state}", "--user=root")

    def stop(self) -> None:
        self.end_drivers()
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _begin(self, name: str, *command: str) -> None:
        with (self.root / f"{name}.out").open("ab") as sink:
            self.processes[name] = subprocess.Popen(
                command, env=self.environment, stdout=sink, stderr=subprocess.STDOUT
            )


@contextlib.contextmanager
def started() -> Iterator[Slurm]:
    """Start a Slurm, and end it with all that runs in it; skip where there can be none.

    `make cluster` is for these tests: there it is a failure.
    """
    reason = missing()
    if reason is not None:
        (pytest.fail if "IPIP_TEST_CLUSTER" in os.environ else pytest.skip)(reason)
    with tempfile.TemporaryDirectory(prefix="slurm-") as folder:
        slurm = Slurm(Path(folder))
        try:
            slurm.start()
            yield slurm
        finally:
            slurm.stop()


def _processes_of(node: str, conf: Path) -> list[int]:
    """Return what runs on a node: its steps' own processes, and those that they started."""
    steps = set()
    wanted = {f"SLURMD_NODENAME={node}".encode(), f"SLURM_CONF={conf}".encode()}
    for path in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if not wanted <= set((path / "environ").read_bytes().split(b"\0")):
                continue
            steps.add(int(path.name))
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
            if Path(f"/proc/{parent}/comm").read_text().strip() == "slurmstepd":
                steps.add(parent)
    return [*steps, *(pid for step in steps for pid in _descendants(step))]


def _descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = path.read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        own = parents.get(waiting.pop(), [])
        found += own
        waiting += own
    return found


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]
    finally:
        for one in sockets:
            one.close()


def _wait_for(ready, what: str, seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come up in {seconds:.0f} s")
        time.sleep(0.1)
