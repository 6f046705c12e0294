"""A driver in a separate process: four trajectories of a teacher, run where the settings say.

Run as ``python -m tests.execution.teacher_md_driver FOLDER STEPS [EXECUTION [PAUSE_S [RECORDS]]]``.
"""

import json
import sys
from pathlib import Path

import numpy as np
from ase.build import bulk

from ipip.config.execution import ExecutionSettings
from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.execution.executor import open_executor
from ipip.execution.teacher_md import read_record, run_teacher_md
from ipip.pipeline.stop import stop_on_signals
from ipip.teachers import MDJob

NAMES = ("a", "b", "c", "d")


def drive(
    folder: Path,
    steps: int,
    execution: ExecutionSettings,
    pause: float = 0.05,
    records: Path | None = None,
) -> None:
    teacher = TeacherSettings(
        kind="ase",
        import_path="slow_emt:SlowEMT",
        import_folder=Path(__file__).parent,
        arguments={"pause": pause, "calls": str(folder / "calls")},
    )
    md = TeacherMDSettings(
        temperature=300.0,
        thermostat="langevin",
        steps=steps,
        frame_interval=20,
        checkpoint_interval=20,
    )
    atoms = bulk("Cu", cubic=True)
    atoms.positions += 0.05 * np.random.default_rng(0).normal(size=atoms.positions.shape)
    frame = Frame.from_atoms(atoms)
    runs = folder / "runs"
    runs.mkdir(parents=True, exist_ok=True)
    jobs = [
        MDJob(name, frame, seed, md)
        for seed, name in enumerate(NAMES, start=1)
        if read_record(runs, name) is None
    ]
    with stop_on_signals(), open_executor(execution, records or folder, print) as executor:
        run_teacher_md(teacher, jobs, runs, folder / "teacher.json", executor)


if __name__ == "__main__":
    plain = json.loads(sys.argv[3]) if len(sys.argv) > 3 else {}
    pause = float(sys.argv[4]) if len(sys.argv) > 4 else 0.05
    records = Path(sys.argv[5]) if len(sys.argv) > 5 else None
    drive(Path(sys.argv[1]), int(sys.argv[2]), ExecutionSettings(**plain), pause, records)
