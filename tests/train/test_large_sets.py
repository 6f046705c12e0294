"""A training on a store needs memory for some frames, not for the set."""

from __future__ import annotations

import tracemalloc
from pathlib import Path

from ipip.config.train_run import TrainRunSettings
from ipip.data import Frame
from ipip.data.store import write_store
from ipip.train import fit
from ipip.train.plan import plan_training


def test_planning_and_training_do_not_load_a_store(copper: list[Frame], tmp_path: Path) -> None:
    ballast = {"note": "x" * 40_000}  # makes each frame large and cheap to compute
    many = (copper[i % 40].replace(info={**ballast, "number": i}) for i in range(1000))
    write_store(tmp_path / "many.lmdb", many)
    size = (tmp_path / "many.lmdb").stat().st_size
    settings = TrainRunSettings.model_validate(
        {
            "data": [{"path": tmp_path / "many.lmdb"}],
            "split": {"valid": 20, "test": 10},
            "student": {"channels": 8, "layers": 1, "cutoff": 4.0},
            "training": {"max_epochs": 1, "max_steps": 3, "cache_mb": 0.1, "tensorboard": False},
        }
    )
    tracemalloc.start()
    plan = plan_training(settings)
    fit(plan.student, plan.train, plan.valid, settings.training, tmp_path / "out", seed=1)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(plan.train) == 970
    assert peak < 0.5 * size
