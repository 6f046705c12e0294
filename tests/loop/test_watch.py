"""A driver's progress, seen from another process."""

import io
import json
import os
import socket

import pytest
from rich.console import Console

from ipip.cli.watch import draw_state, watch_run
from ipip.pipeline.reporter import SilentReporter
from ipip.pipeline.watch import WatchedReporter, read_progress
from ipip.records.run_folder import RunFolder
from ipip.stages.pretrain import PRETRAIN
from ipip.views.status import Now, RunState, StageState, read_now, read_status


def text_of(state, width=100, height=None):
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(draw_state(state, height))
    return console.export_text()


@pytest.fixture
def live(tmp_path):
    """A run folder whose driver is this process."""
    run = RunFolder(tmp_path)
    run.lock.write_text(json.dumps({"pid": os.getpid(), "host": socket.gethostname()}))
    return run


def test_progress_of_a_task_is_seen_while_it_lasts(live):
    reporter = WatchedReporter(SilentReporter(), live.progress)
    reporter.stage_started("round_000/10_explore", "teacher MD", 1, 12)
    with reporter.tasks("teacher MD steps", 100) as advance:
        reporter._written = 0.0
        advance(25)
        now = read_now(live)
        assert (now.stage, now.task, now.done, now.total) == (
            "round_000/10_explore",
            "teacher MD steps",
            25,
            100,
        )
        assert now.left_s == pytest.approx(3 * (now.elapsed_s), abs=0.5)
    reporter.stage_finished("round_000/10_explore", 1.0, "")
    assert read_now(live) is None
    reporter.finished()
    assert read_progress(live.progress) is None


def test_a_driver_on_another_machine_is_believed_until_it_gives_the_lock_back(live):
    WatchedReporter(SilentReporter(), live.progress).stage_started("round_000/20_label", "l", 2, 12)
    gone = 2**22 + 1  # above any process id of this machine
    live.lock.write_text(json.dumps({"pid": gone, "host": socket.gethostname()}))
    assert read_now(live) is None
    live.lock.write_text(json.dumps({"pid": gone, "host": "node-of-a-cluster"}))
    assert read_now(live).stage == "round_000/20_label"
    live.lock.write_text("")
    assert read_now(live) is None


def test_a_training_is_seen_through_its_own_table(live):
    folder = live.stage("round_000/30_pretrain") / "training"
    folder.mkdir(parents=True)
    (folder / "plan.json").write_text('{"steps": 400}')
    (folder / "metrics.csv").write_text("epoch,step\n0,50\n1,100\n")
    WatchedReporter(SilentReporter(), live.progress).stage_started(
        "round_000/30_pretrain", "pretrain", 3, 12
    )
    now = read_now(live)
    assert (now.task, now.done, now.total) == ("optimiser steps", 100, 400)


def test_the_drawing_has_stages_bar_time_left_and_verdict(tmp_path):
    stages = (
        StageState("round_000/10_explore", "done", 61.0),
        StageState("round_000/20_label", "running", None, 90.0),
        StageState("round_001/20_relabel", "open"),
    )
    now = Now("round_000/20_label", "teacher labels", 30, 120, 10.0, 30.0)
    text = text_of(RunState(tmp_path, stages, {"verdict": "no round is finished yet"}, now))
    assert "1 min 1 s" in text and "teacher labels" in text and "30/120" in text
    assert "30 s left" in text
    assert "1 of 3 stages are done, at least 1 min 20 s left" in text
    assert "no round is finished yet" in text
    assert "no driver" not in text


def test_in_a_low_terminal_rounds_that_are_done_or_to_come_are_one_line_each(tmp_path):
    stages = (
        *(StageState(f"round_000/{k}0_x", "done", 40.0) for k in range(8)),
        StageState("round_001/00_x", "done", 40.0),
        StageState("round_001/10_x", "running", None, 40.0),
        *(StageState(f"round_002/{k}0_x", "open", None, 40.0) for k in range(8)),
    )
    state = RunState(tmp_path, stages, {"verdict": "so far so good"}, driven=True)
    low, high = text_of(state, height=24), text_of(state, height=40)
    rows = [line.split() for line in low.splitlines()[:4]]
    assert [row[1] for row in rows] == [
        "round_000",
        "round_001/00_x",
        "round_001/10_x",
        "round_002",
    ]
    assert "5 min 20 s" in low and "about 5 min 20 s" in low
    assert "so far so good" in low and "9 of 18 stages are done" in low
    assert "no driver" not in low  # between two stages
    assert high.count("round_000/") == 8


def test_watching_a_finished_run_ends_and_says_why_it_ended(finished_run, capsys):
    _, folder = finished_run
    watch_run(folder, 0.1)
    out = capsys.readouterr().out
    assert "12 of 12 stages are done" in out
    assert "the run ends here: its last round, 1, is done" in out


def test_the_next_round_is_expected_to_take_as_long_as_the_last(finished_run, tmp_path):
    _, folder = finished_run
    settings = (folder / "config.lock.yaml").read_text().partition("\n")[2]  # without its digest
    for path in folder.glob("round_*/*/manifest.json"):
        there = tmp_path / path.relative_to(folder)
        there.parent.mkdir(parents=True)
        there.write_text(path.read_text())
    (tmp_path / "config.lock.yaml").write_text(settings.replace("rounds: 1", "rounds: 2"))
    state = read_status(tmp_path)
    by_name = {stage.stage_id: stage for stage in state.stages}
    last = by_name[PRETRAIN.of(1)]
    assert by_name[PRETRAIN.of(2)].expected_s == last.wall_s
    seconds, whole = state.left_s
    assert whole and seconds > last.wall_s
