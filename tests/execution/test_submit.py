"""The driver's job is followed by another one until the run has ended, and by none then."""

import contextlib
import os
import subprocess
import time
from pathlib import Path

import pytest

from ipip.config.execution import ClusterResource
from ipip.errors import InputError
from ipip.execution.submit import driver_script
from tests.execution.slurm import long, started

DRIVER = """
import socket, sys, time
from pathlib import Path
folder = Path(sys.argv[1])
(folder / ".lock").write_text(f'{{"host": "{socket.gethostname()}"}}')
with (folder / "drives").open("a") as file:
    file.write("began\\n")
if (folder / "drives").read_text().count("began") < 3:
    time.sleep(600)
(folder / ".lock").write_text("")
"""


@pytest.mark.parametrize(
    ("scheduler", "words"),
    [
        ("slurm", ["#SBATCH --partition=q", "afterany:$job", "#SBATCH --time=01:00:00"]),
        ("pbs", ["#PBS -q q", 'qsub -W depend="afterany:$job"', "walltime=01:00:00", "qdel"]),
        ("lsf", ["#BSUB -q q", 'bsub -w "ended($job)"', "#BSUB -W 01:00", "bkill"]),
    ],
)
def test_the_job_script_of_each_scheduler_is_shell_with_its_directives(scheduler, words, tmp_path):
    resource = ClusterResource(scheduler=scheduler, queue="q", environment=["module load x"])
    script = driver_script(resource, tmp_path, ["ipip", "run"], 3)
    subprocess.run(["bash", "-n"], input=script, text=True, check=True)
    for word in [*words, "module load x", "ipip run", "sleep 3300"]:
        assert word in script


def test_a_driver_that_has_ended_leaves_no_process_of_its_job_behind(tmp_path):
    (tmp_path / "execution").mkdir()
    resource = ClusterResource(walltime="01:07:13")
    script = driver_script(resource, tmp_path, ["sleep", "0.5"], 1)
    environment = os.environ | {"SLURM_JOB_ID": "1"}
    subprocess.run(["bash"], input=script, text=True, check=True, env=environment, timeout=60)
    commands = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            commands.append(path.read_bytes())
    assert b"sleep\x003733\x00" not in commands


def test_a_driver_without_a_job_or_of_a_short_walltime_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be a job of scheduler local"):
        driver_script(ClusterResource(scheduler="local"), tmp_path, ["ipip"], 1)
    with pytest.raises(InputError, match="expected at least 600 s"):
        driver_script(ClusterResource(walltime="00:05:00"), tmp_path, ["ipip"], 1)


@long
def test_a_job_that_is_killed_is_followed_by_another_and_the_last_by_none(tmp_path):
    (tmp_path / "execution").mkdir()
    (tmp_path / "driver.py").write_text(DRIVER)
    command = ["python3", str(tmp_path / "driver.py"), str(tmp_path)]
    script = tmp_path / "execution" / "driver.sh"
    script.write_text(driver_script(ClusterResource(), tmp_path, command, 5))
    drives = tmp_path / "drives"

    def began(count):
        end = time.monotonic() + 90
        while not drives.exists() or drives.read_text().count("began") < count:
            assert time.monotonic() < end, [p.read_text() for p in script.parent.glob("*.log")]
            time.sleep(0.2)

    with started() as slurm:
        assert slurm.run("sbatch", str(script))
        began(1)
        (job,) = slurm.jobs("R")
        slurm.run("scancel", "--signal=KILL", "--full", job)  # the whole job, at once
        began(2)
        (job,) = slurm.jobs("R")
        slurm.run("scancel", "--signal=TERM", "--batch", job)  # as before the walltime
        began(3)
        end = time.monotonic() + 60
        while slurm.jobs("R,PD,CG"):
            assert time.monotonic() < end
            time.sleep(0.2)
    assert drives.read_text().count("began") == 3
