"""Train a student of this package: python students.py JOB; JOB is described in jobs.py."""

from __future__ import annotations

import time

import numpy as np
import torch
from job import GIVEN, JOB, SET, predict_tests, write_result

from ipip.calculator import IpipCalculator
from ipip.config.train_run import TrainRunSettings
from ipip.config.training import TrainingSettings
from ipip.data import read_frames
from ipip.data.elements import elements_of
from ipip.export import save_student
from ipip.models import build_student
from ipip.train import fit

torch.set_num_threads(1)
settings = GIVEN["settings"]
frames = list(read_frames(SET / "train.xyz"))
order = np.random.default_rng(0).permutation(len(frames))  # the same labels for all seeds
frames = [frames[i] for i in order[: settings.get("labels")]]
wanted = TrainRunSettings(data=[{"path": SET / "train.xyz"}], student=settings["student"]).student
student = build_student(
    wanted.architecture, elements_of(frames), seed=GIVEN["seed"], **wanted.arguments()
)
training = TrainingSettings(**settings["training"], budget=GIVEN["budget"], tensorboard=False)
start = time.process_time()
done = fit(
    student,
    frames,
    read_frames(SET / "valid.xyz"),
    training,
    JOB / "training",
    seed=GIVEN["seed"],
    progress=False,
)
spent = time.process_time() - start
save_student(done.student, JOB / "student.pt")
calculator = IpipCalculator(JOB / "student.pt")
predict_tests(calculator)
parameters = sum(p.numel() for p in done.student.parameters())
write_result(calculator, training_s=spent, steps=done.steps, parameters=parameters)
