"""Constant pressure with a student that has not learnt stresses is reported."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ipip.config.stability import StabilityProtocol
from ipip.export import load_student, save_student
from ipip.stability.pressure import pressure_concerns


def test_students_without_stresses_are_named_where_the_box_moves(
    students: dict[str, Path], make_protocol: Callable[..., StabilityProtocol], tmp_path: Path
) -> None:
    student = load_student(students["calm"])
    trainings: dict[str, dict[str, Any]] = {
        "from-train": {"settings": {"stress_weight": 0.0}},
        "from-loop": {"stage": "round_000/40_finetune", "stress_weight": 0.0},
        "taught": {"stress_weight": 100.0},
        "silent": {},
    }
    models = {}
    for name, training in trainings.items():
        models[name] = tmp_path / f"{name}.pt"
        save_student(student, models[name], training=training)
    md = {"steps": 10, "temperature": 300.0}
    assert pressure_concerns(models, make_protocol(md=md)) == []
    told = pressure_concerns(models, make_protocol(md=md | {"ensemble": "npt"}))
    assert [line.split()[0] for line in told] == ["from-train", "from-loop"]
    assert "trained without stresses (stress_weight 0)" in told[0]
