"""The recipes: each differs from the first one as its name says."""

from __future__ import annotations

from typing import Any

from benchmarks.accuracy.cases import PUBLISHED, Case

BASE = {"architecture": "painn", "channels": 64, "layers": 2, "radial": "sinc", **PUBLISHED}
SMOOTH = {"n_radial": 10}
CORE = {**SMOOTH, "zbl": True}  # the default student


def _recipe(name: str, student: dict[str, Any], **training: Any) -> Case:
    return Case(name, "students", {"student": {**BASE, **student}, "training": training})


RECIPES: tuple[Case, ...] = (
    _recipe("sinc 20", {}),
    _recipe("sinc 14", {"n_radial": 14}),
    _recipe("sinc 10", SMOOTH),
    _recipe("sinc 8", {"n_radial": 8}),
    _recipe("sinc 6", {"n_radial": 6}),
    _recipe("gaussian 20", {"radial": "gaussian"}),
    _recipe("sinc 20, decay 0.1", {}, weight_decay=0.1),
    _recipe("sinc 20, huber", {}, loss="huber"),
    _recipe("sinc 10, decay 0.02", SMOOTH, weight_decay=0.02),
    _recipe("sinc 10, zbl", CORE),
    _recipe("sinc 10, zbl, decay 0.02", CORE, weight_decay=0.02),
    _recipe("sinc 10, zbl, huber", CORE, loss="huber"),
    _recipe("sinc 10, decay 0.05", SMOOTH, weight_decay=0.05),
    _recipe("sinc 10, decay 0.1", SMOOTH, weight_decay=0.1),
    _recipe("sinc 10, huber", SMOOTH, loss="huber"),
    _recipe("sinc 10, huber, decay 0.02", SMOOTH, loss="huber", weight_decay=0.02),
    _recipe("sinc 10, huber, decay 0.05", SMOOTH, loss="huber", weight_decay=0.05),
    _recipe("sinc 10, huber, energy x10", SMOOTH, loss="huber", energy_weight=10.0),
    _recipe("sinc 10, squared", SMOOTH, loss="squared"),
    _recipe("sinc 10, average 0.999", SMOOTH, ema_decay=0.999),
    _recipe("sinc 10, rate 0.002", SMOOTH, learning_rate=2e-3),
    _recipe("sinc 10, rate 0.01", SMOOTH, learning_rate=1e-2),
    _recipe("sinc 10, 3 layers", {**SMOOTH, "layers": 3}),
    _recipe("sinc 10, 128 channels", {**SMOOTH, "channels": 128}),
)
