"""The record of a stage has a type, and anything else is refused in one sentence."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import ClassVar

import pytest

import ipip
from ipip.errors import IpipError
from ipip.evaluation.metrics import Metrics
from ipip.records.stage_record import Figures, StageRecord
from ipip.stages.listing import STAGES


class Part(Figures):
    name: str
    share: float | None


class Record(StageRecord):
    TABLE: ClassVar = "table.csv"
    writes = (TABLE,)

    count: int
    parts: tuple[Part, ...]
    errors: Metrics


RECORD = Record(
    count=3,
    parts=(Part(name="a", share=0.1 + 0.2), Part(name="b", share=None)),
    errors={
        "n_frames": 2,
        "force_mae_ev_per_a": 0.3,
        "by_element": {
            "H": {"n_atoms": 4, "force_mae_ev_per_a": 0.1, "force_rmse_ev_per_a": float("nan")}
        },
    },
)


def test_figures_are_read_back_from_a_manifest_to_the_last_bit_and_kind():
    text = json.dumps(RECORD.as_dict())
    again = Record.from_dict(json.loads(text), "round_000/05_count")
    assert json.dumps(again.as_dict()) == text
    assert again.parts == RECORD.parts
    assert isinstance(again.errors["by_element"]["H"]["n_atoms"], int)


@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"count": None}, "count: .*integer"),
        ({"parts": [{"name": "a"}]}, "parts.0.share: field required"),
        ({"more": 1}, "more: extra inputs"),
        ({"errors": {"n_frames": "many"}}, "errors.n_frames: .*integer"),
    ],
)
def test_figures_of_another_version_are_refused_by_the_stage_and_the_field(change, where):
    with pytest.raises(IpipError, match=rf"round_000/05_count: .*\({where}.*computes it again"):
        Record.from_dict(RECORD.as_dict() | change, "round_000/05_count")


def test_a_file_is_named_by_the_record_and_is_no_figure():
    assert Record.TABLE in Record.writes
    assert "TABLE" not in RECORD.as_dict() and "writes" not in RECORD.as_dict()


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: f"{stage.rounds} {stage.name}")
def test_every_stage_declares_its_record(stage):
    assert issubclass(stage.record, StageRecord)
    assert stage.record.writes and stage.record.model_fields


def test_figures_are_read_only_by_their_record():
    package = Path(ipip.__file__).parent
    rooms = ("pipeline", "records", "stages", "views", "loop", "study", "report", "cli")
    readers = {
        path.relative_to(package).as_posix()
        for room in rooms
        for path in (package / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "results"
    }
    assert readers == {"pipeline/stage.py", "records/manifest.py"}
