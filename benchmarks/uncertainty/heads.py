"""A shallow ensemble: readouts on one finished body, each with a loss of its own.

M. Kellner, M. Ceriotti, Mach. Learn.: Sci. Technol. 5, 035006 (2024), has several last layers on
shared features. Here a head starts from other weights and is trained on a bootstrap of the training
frames, with the body as the student's training left it, so that the student itself is unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.export import save_student
from ipip.export.model_file import load_student
from ipip.train import fit

READOUT = "readout"


def train_heads(
    path: Path,
    train: Sequence[Frame],
    valid: Sequence[Frame],
    folder: Path,
    *,
    count: int,
    epochs: int,
) -> list[Path]:
    """Train heads on a student's body, or return those of an earlier call.

    Args:
        path: model file of the student.
        train, valid: its frames.
        folder: of the heads' model files, each a whole student.
        count: of heads.
        epochs: of each training.
    """
    paths = []
    for head in range(count):
        paths.append(folder / f"head_{head}.pt")
        if paths[-1].exists():
            continue
        student = load_student(path)
        bodies = {
            f"{name.partition('.')[0]}*"
            for name, _ in student.named_parameters()
            if not name.startswith(READOUT)
        }
        draws = torch.Generator().manual_seed(head)
        for layer in student.readout:
            if isinstance(layer, torch.nn.Linear):
                torch.nn.init.xavier_uniform_(layer.weight, generator=draws)
                torch.nn.init.zeros_(layer.bias)
        settings = TrainingSettings(
            batch_size=5,
            max_epochs=epochs,
            learning_rate=5e-3,
            forces_weight=3.0,
            freeze=sorted(bodies),
            references="keep",
            tensorboard=False,
        )
        counts = np.random.default_rng(head).multinomial(
            len(train), np.full(len(train), 1 / len(train))
        )
        drawn = [
            frame.replace(weight=float(count))
            for frame, count in zip(train, counts, strict=True)
            if count
        ]
        made = fit(student, drawn, valid, settings, folder / f"head_{head}", seed=head)
        save_student(made.student, paths[-1])
    return paths
