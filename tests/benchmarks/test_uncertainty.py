"""The benchmark of ways to know where a student is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from benchmarks.uncertainty.cases import Case, train_students
from benchmarks.uncertainty.heads import train_heads
from benchmarks.uncertainty.spread import energy_spread, force_spread

from ipip.config.data import DataKeys
from ipip.data import read_frames
from ipip.evaluation.students import open_student
from ipip.export import read_weights

SHIPPED = Path(__file__).resolve().parents[2] / "examples/mo-s-o/data/mso_pbe_d3.xyz"


def test_heads_share_a_body_and_differ_in_what_they_predict(tmp_path: Path) -> None:
    frames = read_frames(SHIPPED, DataKeys(energy="REF_energy", forces="REF_forces"))
    case = Case("few frames", frames[:8], frames[8:11], frames[11:14])
    (path,) = train_students(case, tmp_path, [1], epochs=1, channels=8)
    heads = train_heads(path, case.train, case.valid, tmp_path, count=2, epochs=2)
    weights = read_weights(path)[1]
    for head in heads:
        of_head = read_weights(head)[1]
        changed = {name for name in weights if not np.array_equal(weights[name], of_head[name])}
        assert changed == {name for name in weights if name.startswith("readout")}
    opened = [open_student(head)[0] for head in heads]
    atoms = sum(len(frame) for frame in case.test)
    for score in (energy_spread(opened, case.test), force_spread(opened, case.test)):
        assert score.shape == (atoms,) and (score > 0.0).all()

    written = heads[0].stat().st_mtime_ns
    assert train_heads(path, case.train, case.valid, tmp_path, count=2, epochs=2) == heads
    assert heads[0].stat().st_mtime_ns == written
