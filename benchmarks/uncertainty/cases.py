"""Labelled frames, split by trajectory, and the students trained on them."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ipip.config.data import DataKeys
from ipip.config.training import TrainingSettings
from ipip.data import Frame, elements_of, read_frames
from ipip.export import save_student
from ipip.models import build_student
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.finetune import FINETUNE
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL
from ipip.stages.student_md import STUDENT_MD
from ipip.train import fit
from ipip.views.pretraining_frames import open_pretraining_set

SHIPPED = Path(__file__).resolve().parents[2] / "examples/mo-s-o/data/mso_pbe_d3.xyz"
HOT = 2000.0  # K


@dataclasses.dataclass
class Case:
    """Frames of one kind.

    Attributes:
        name: name of the case.
        train, valid, test: no trajectory is in two of them.
    """

    name: str
    train: list[Frame]
    valid: list[Frame]
    test: list[Frame]


def cases(mos2: Path | None, seed: int) -> list[Case]:
    """Return the cases of the shipped frames, and of a MoS2 monolayer if its file is given.

    The seed splits the trajectories.
    """
    shipped = read_frames(SHIPPED, DataKeys(energy="REF_energy", forces="REF_forces"))
    train, valid, test = by_group(shipped, [f.info["traj"] for f in shipped], (0.6, 0.15), seed)
    made = [Case("Mo-S-O", train, valid, test)]
    cool = [f for f in shipped if float(f.info["T_K"]) < HOT]
    train, valid, rest = by_group(cool, [f.info["traj"] for f in cool], (0.75, 0.25), seed)
    hot = [f for f in shipped if float(f.info["T_K"]) >= HOT]
    made.append(Case("Mo-S-O, trained below 2000 K, tested above", train, valid, hot + rest))
    if mos2 is not None:
        keys = DataKeys(energy="Energy", forces="force", stress=None, config_type="Config_type")
        frames = read_frames(mos2, keys)
        # Two runs, one after another; every fifth frame of the first validates.
        half = len(frames) // 2
        first = frames[:half]
        made.append(
            Case(
                "MoS2 monolayer, another run",
                [f for k, f in enumerate(first) if k % 5],
                first[::5],
                frames[half:],
            )
        )
    return made


def cases_of_run(folder: Path) -> list[tuple[Case, Path]]:
    """Return the harvest of each round of a run, and the student that explored there.

    The true error is the difference to the teacher, which labelled these frames; the student has
    learnt from its pretraining set and the reference labels, and is calibrated on the validation
    frames.
    """
    run = RunFolder(folder)
    manifests = read_manifests(run)
    label = run.stage(LABEL.of(0))
    found = []
    for index in range(1, 1000):
        if HARVEST.of(index) not in manifests:
            return found
        if not HARVEST.read(manifests, index).taken:
            continue
        explored = manifests[STUDENT_MD.of(index)].inputs
        base = next(k for k in range(index) if FINETUNE.of(k) in explored)
        case = Case(
            f"harvest of round {index} against the teacher",
            [*open_pretraining_set(folder, base), *read_frames(label / LABEL.record.TRAIN)],
            read_frames(label / LABEL.record.VALID),
            read_frames(run.stage(HARVEST.of(index)) / HARVEST.record.NEW),
        )
        found.append((case, run.stage(FINETUNE.of(base)) / FINETUNE.record.STUDENT))
    return found


def by_group(
    frames: Sequence[Frame], groups: Sequence[object], shares: tuple[float, float], seed: int
) -> tuple[list[Frame], list[Frame], list[Frame]]:
    """Split frames into three parts by their groups, drawn at random."""
    names = sorted({str(group) for group in groups})
    order = np.random.default_rng(seed).permutation(len(names))
    ends = np.round(np.cumsum(shares) * len(names)).astype(int)
    parts: tuple[list[Frame], list[Frame], list[Frame]] = ([], [], [])
    part_of = {
        names[k]: int(np.searchsorted(ends, place, side="right")) for place, k in enumerate(order)
    }
    for frame, group in zip(frames, groups, strict=True):
        parts[part_of[str(group)]].append(frame)
    return parts


def train_students(
    case: Case, folder: Path, seeds: Sequence[int], epochs: int, channels: int
) -> list[Path]:
    """Train a student for each seed, or read the students of an earlier call."""
    symbols = elements_of(case.train)
    settings = TrainingSettings(
        batch_size=5,
        max_epochs=epochs,
        learning_rate=5e-3,
        forces_weight=3.0,
        tensorboard=False,
    )
    paths = []
    for seed in seeds:
        path = folder / f"student_{seed}.pt"
        paths.append(path)
        if path.exists():
            continue
        student = build_student("painn", symbols, seed=seed, channels=channels, layers=2)
        made = fit(
            student, case.train, case.valid, settings, folder / f"training_{seed}", seed=seed
        )
        save_student(made.student, path)
    return paths
