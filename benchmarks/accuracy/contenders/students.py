"""Train a student of this package: python students.py JOB; JOB is described in jobs.py."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from ase.io import read

from ipip.calculator import IpipCalculator
from ipip.config.train_run import TrainRunSettings
from ipip.config.training import TrainingSettings
from ipip.data import read_frames
from ipip.data.elements import elements_of
from ipip.export import save_student
from ipip.models import build_student
from ipip.train import fit, predict

torch.set_num_threads(1)
job = Path(sys.argv[1])
given = json.loads((job / "job.json").read_text())
place = Path(given["set"])
settings = given["settings"]
frames = read_frames(place / "train.xyz")
asked = TrainRunSettings(data=[{"path": place / "train.xyz"}], student=settings["student"]).student
student = build_student(
    asked.architecture, elements_of(frames), seed=given["seed"], **asked.arguments()
)
training = TrainingSettings(
    **settings["training"], budget=f"{given['budget_s']} s", tensorboard=False
)
start = time.process_time()
done = fit(
    student,
    frames,
    read_frames(place / "valid.xyz"),
    training,
    job / "training",
    seed=given["seed"],
    progress=False,
)
spent = time.process_time() - start
save_student(done.student, job / "student.pt")
for name in given["tests"]:
    reference = read_frames(place / f"test-{name}.xyz")
    predicted = predict(done.student, reference)
    np.savez(
        job / f"predicted-{name}.npz",
        energies=[frame.energy for frame in predicted],
        forces=np.concatenate([frame.forces for frame in predicted]),
    )
large = read(place / "large.xyz")
large.calc = IpipCalculator(job / "student.pt")
times = []
for call in range(given["calls"] + 1):
    large.rattle(0.002, seed=call)
    start = time.process_time()
    large.get_forces()
    times.append(time.process_time() - start)
result = {
    "training_s": spent,
    "steps": done.steps,
    "parameters": sum(p.numel() for p in done.student.parameters()),
    "us_per_atom": 1e6 * min(times[1:]) / len(large),
}
(job / "trained.json").write_text(json.dumps(result) + "\n")
