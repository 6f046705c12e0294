"""The part that chooses a pretraining's epoch is the same in every round."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import Frame
from ipip.evaluation import metrics
from ipip.export import load_student
from ipip.pipeline.reporter import SilentReporter
from ipip.pipeline.stage import Round, StageRun
from ipip.records.manifest import read_manifests
from ipip.records.pretraining_index import read_index, write_index
from ipip.records.run_folder import RunFolder
from ipip.stages.forget import FORGET
from ipip.stages.pretrain import PRETRAIN
from ipip.stages.pretraining_frames import open_set
from ipip.stages.relabel import RELABEL
from ipip.stages.work.training import divide, pretrain
from ipip.train import predict
from ipip.views.pretraining_frames import open_pretraining_set


def held_out_ids(frames: Sequence[Frame]) -> list[str]:
    return [str(frame.info["frame_id"]) for frame in frames if frame.info.get("held_out")]


def test_the_frames_that_validate_in_round_0_validate_in_all_rounds(
    finished_run: tuple[Path, Path],
) -> None:
    _, folder = finished_run
    before, after = open_pretraining_set(folder, 0), open_pretraining_set(folder, 1)
    assert held_out_ids(before) == held_out_ids(after) and len(held_out_ids(before)) == 1
    forgotten = json.loads((folder / FORGET.of(1) / "forgotten.json").read_text())
    assert forgotten["frame_ids"] and not set(forgotten["frame_ids"]) & set(held_out_ids(before))
    for index, frames in enumerate((before, after)):
        record = PRETRAIN.read(read_manifests(RunFolder(folder)), index)
        assert (record.train_frames, record.valid_frames) == (len(frames) - 1, 1)


def test_harvested_frames_that_are_held_out_select_nothing_and_their_error_is_reported(
    copied: tuple[Path, Path], tmp_path: Path
) -> None:
    config, folder = copied
    path = folder / RELABEL.of(1) / "frames.csv"
    entries = read_index(path)
    wild = next(row for row, entry in enumerate(entries) if entry.origin == 1)
    entries[wild] = dataclasses.replace(entries[wild], held_out=True)
    write_index(path, entries)
    run = RunFolder(folder)
    frames = open_set(run, read_manifests(run), 1)
    within = Round(load_settings(config, RunSettings), 1, (0,))
    stage = StageRun(run, tmp_path / "again", read_manifests(run), SilentReporter(), within)
    stage.folder.mkdir()
    made = pretrain(stage)
    before = PRETRAIN.read(stage.manifests, 1)
    assert made.record.valid_frames == before.valid_frames == 1
    assert made.record.train_frames == before.train_frames - 1
    assert made.record.harvested.frames == 1
    student = load_student(made.outputs[0])
    error = metrics([frames[wild]], predict(student, [frames[wild]]))["force_mae_ev_per_a"]
    assert made.record.harvested.force_mae_ev_per_a == pytest.approx(error)
    assert f"{error:.3f} eV/Å on 1 harvested frames held out" in made.note


def test_files_without_marks_give_a_twentieth_at_random(finished_run: tuple[Path, Path]) -> None:
    _, folder = finished_run
    frames = list(open_pretraining_set(folder, 1)) * 5
    plain = [frame.replace(info={"origin": number % 2}) for number, frame in enumerate(frames)]
    parts = divide(plain, seed=1)
    assert len(parts.valid) == round(0.05 * len(frames)) > 2 and not parts.harvested
    assert len(parts.train) + len(parts.valid) == len(frames)
