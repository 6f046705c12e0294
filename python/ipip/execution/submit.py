"""The driver as a job that is followed by another one, until the run has ended.

The job submits its successor when it begins, to start when it has ended in whatever way: at its
walltime, on a node that died. A driver that ends by itself, well or with an error, cancels it.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ipip.config.execution import ClusterResource
from ipip.errors import InputError, IpipError
from ipip.execution.record import FOLDER
from ipip.execution.schedulers import COMMANDS
from ipip.storage.atomic import write_text

BEFORE_END_S = 300  # s before its walltime at which the driver is asked to end
LEAST_WALLTIME_S = 2 * BEFORE_END_S
SCRIPT = "driver.sh"
_TIMEOUT_S = 60
_BODY = """
number=${{IPIP_JOB:-1}}
before=${{IPIP_BEFORE:-}}
job={job}
cd {folder}
uname -n > driver-$job.host
# The lock of a driver that was killed names its machine. Its job is over, or this one would wait.
if [ -n "$before" ] && [ -s {lock} ] && grep -qF "$(cat driver-$before.host)" {lock}; then
  rm -f {lock}
fi
next=
if [ "$number" -lt {most} ]; then
  next=$({successor})
fi
{environment}
stopped=
trap 'stopped=1; kill -TERM $driver' TERM USR1
{command} < /dev/null &
driver=$!
(trap 'kill $!' TERM; {timer} & wait $! && kill -TERM $$) > /dev/null 2>&1 &
timer=$!
wait $driver
status=$?
if [ -n "$stopped" ]; then
  wait $driver
  kill $timer 2> /dev/null  # it has ended where it was what stopped the driver
  echo "job $job ends before its walltime${{next:+; job $next continues}}"
  exit 0
fi
kill $timer
wait $timer 2> /dev/null  # which ends its sleep
[ -z "$next" ] || {cancel} "$next"
exit $status
"""


def driver_script(
    resource: ClusterResource, run: Path, command: Sequence[str], most_jobs: int
) -> str:
    """Return the script of the driver's job.

    Args:
        resource: that it runs on: one node of it, one core.
        run: folder of the run.
        command: that drives it.
        most_jobs: jobs in a row at most.

    Raises:
        InputError: the resource is of no scheduler with jobs, or its walltime is too short.
    """
    if resource.scheduler not in COMMANDS:
        raise InputError(
            f"the driver cannot be a job of scheduler {resource.scheduler}; expected one of "
            f"{', '.join(COMMANDS)}"
        )
    if resource.walltime_s < LEAST_WALLTIME_S:
        raise InputError(
            f"walltime is {resource.walltime} and the driver ends {BEFORE_END_S} s before it; "
            f"expected at least {LEAST_WALLTIME_S} s"
        )
    folder = (run / FOLDER).absolute()
    script = shlex.quote(str(folder / SCRIPT))
    exports = "IPIP_JOB=$((number + 1)),IPIP_BEFORE=$job"
    log = folder / "driver-"
    match resource.scheduler:
        case "slurm":
            head = [
                "#SBATCH --job-name=ipip-driver",
                f"#SBATCH --output={log}%j.log",
                f"#SBATCH --time={resource.walltime}",
                "#SBATCH --nodes=1 --ntasks=1",
                *_optional("#SBATCH --partition=", resource.queue),
                *_optional("#SBATCH --account=", resource.account),
            ]
            job = "$SLURM_JOB_ID"
            successor = (
                f'sbatch --parsable --dependency="afterany:$job" --export="ALL,{exports}" {script}'
            )
        case "pbs":
            head = [
                "#PBS -N ipip-driver",
                f"#PBS -j oe -o {folder}",
                f"#PBS -l walltime={resource.walltime}",
                "#PBS -l select=1:ncpus=1",
                *_optional("#PBS -q ", resource.queue),
                *_optional("#PBS -A ", resource.account),
            ]
            job = "$PBS_JOBID"
            successor = f'qsub -W depend="afterany:$job" -v "{exports}" {script}'
        case _:
            hours, minutes, _seconds = resource.walltime.split(":")
            head = [
                "#BSUB -J ipip-driver",
                f"#BSUB -o {log}%J.log",
                f"#BSUB -W {hours}:{minutes}",
                "#BSUB -n 1",
                *_optional("#BSUB -q ", resource.queue),
                *_optional("#BSUB -P ", resource.account),
            ]
            job = "$LSB_JOBID"
            successor = (
                f'IPIP_JOB=$((number + 1)) IPIP_BEFORE=$job bsub -w "ended($job)" < {script} '
                "| sed 's/[^<]*<\\([0-9]*\\)>.*/\\1/'"
            )
    body = _BODY.format(
        job=job,
        folder=shlex.quote(str(folder)),
        lock=shlex.quote(str(run.absolute() / ".lock")),
        most=most_jobs,
        successor=successor,
        environment="\n".join(resource.environment),
        command=shlex.join(command),
        timer=f"sleep {resource.walltime_s - BEFORE_END_S}",
        cancel=COMMANDS[resource.scheduler].cancel[0],
    )
    return "\n".join(["#!/bin/bash", *head, *resource.options, body])


def driver_command(config: Path, run: Path) -> list[str]:
    """Return what the job runs: `ipip run` by this environment's Python."""
    program = "from ipip.cli.main import main; raise SystemExit(main())"
    where = ["--dir", str(run.absolute())]
    return [sys.executable, "-c", program, "run", str(config.absolute()), *where]


def submit_driver(resource: ClusterResource, run: Path, script: str) -> str:
    """Write the script into the run folder and submit it; return the scheduler's job.

    Args:
        resource: that the script is for.
        run: folder of the run.
        script: of `driver_script`.

    Raises:
        InputError: the scheduler's command is missing.
        IpipError: the scheduler refuses the job.
    """
    program = COMMANDS[resource.scheduler].submit
    if shutil.which(program) is None:
        raise InputError(
            f"scheduler {resource.scheduler} needs the command {program!r}, which is not in the "
            "PATH of this machine; run `ipip submit` on a login node"
        )
    path = run / FOLDER / SCRIPT
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, script)
    by_input = resource.scheduler == "lsf"
    done = subprocess.run(
        [program] if by_input else [program, str(path)],
        input=script if by_input else None,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=_TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        raise IpipError(f"{program} refuses {path}: {(done.stderr or done.stdout).strip()}")
    found = re.search(r"\d+[\w.\-\[\]]*", done.stdout)
    return found.group() if found else done.stdout.strip()


def _optional(option: str, value: str | None) -> list[str]:
    return [] if value is None else [option + value]
