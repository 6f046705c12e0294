"""How busy the machine was while something was timed."""

import subprocess
import sys
import time

import pytest

from ipip.pipeline import load
from ipip.pipeline.load import Load, LoadWatch, load_of


def test_running_programs_are_counted_with_what_is_timed():
    spinning = [
        subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(_cores() + 1)
    ]
    try:
        time.sleep(0.3)
        with LoadWatch() as watch:
            time.sleep(0.5)
    finally:
        for process in spinning:
            process.kill()
            process.wait()
    assert watch.load.running >= 0.9 * len(spinning)
    assert watch.load.is_high


def _cores():
    return LoadWatch().load.cores


@pytest.mark.parametrize(
    ("running", "cores", "is_high"), [(1.0, 1, False), (2.2, 2, False), (2.5, 2, True)]
)
def test_a_load_is_high_where_programs_share_cores(running, cores, is_high):
    assert Load(running, cores).is_high is is_high


def test_a_load_is_kept_among_times_and_old_results_have_none():
    noted = Load(7.4, 2)
    assert load_of({"us_per_atom_step": 3.0, **noted.as_times()}) == noted
    assert load_of({"us_per_atom_step": 3.0}) is None


def test_without_a_run_queue_the_load_average_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(load, "LOADAVG", tmp_path / "none")
    monkeypatch.setattr(load.os, "getloadavg", lambda: (3.5, 0.0, 0.0))
    with LoadWatch() as watch:
        pass
    assert watch.load.running == 3.5
