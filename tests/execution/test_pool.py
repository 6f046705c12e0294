"""The process that starts a node's workers stays until their tasks have stored their state."""

import os
import signal
import subprocess
import sys
import time

import pytest

from ipip.execution.pool import count_workers

POOL = """
import subprocess, sys
subprocess.Popen([sys.executable, "-c", sys.argv[1]])
sys.stdin.read()
"""
TASK = """
import os, signal, sys, time
from pathlib import Path
def store(*_):
    time.sleep(2)
    Path({stored!r}).touch()
    os._exit(0)
signal.signal(signal.SIGTERM, store)
Path({begun!r}).touch()
time.sleep(600)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="processes are adopted on Linux alone")
def test_a_signal_to_a_block_leaves_its_tasks_the_time_to_store_their_state(tmp_path):
    begun, stored = tmp_path / "begun", tmp_path / "stored"
    (tmp_path / "some_pool.py").write_text(POOL)
    task = TASK.format(begun=str(begun), stored=str(stored))
    start = "from ipip.execution import pool; pool.PARSL_POOL = 'some_pool'; exit(pool.main())"
    block = subprocess.Popen(
        [sys.executable, "-c", start, task],
        stdin=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        start_new_session=True,
    )
    while not begun.exists():
        assert block.poll() is None
        time.sleep(0.05)
    os.killpg(block.pid, signal.SIGTERM)  # all processes of the block, as a scheduler does
    assert block.wait(120) == 0
    assert stored.exists()


@pytest.mark.parametrize(
    ("affinity", "cores", "expected"),
    [("block", 8, 4), ("block", 4, 4), ("block", 1, 1), ("none", 1, 4)],
)
def test_a_node_takes_no_more_pinned_tasks_than_it_gives_cores(affinity, cores, expected, capsys):
    arguments = ["--max_workers_per_node=4", "-c", "1.0", "--cpu-affinity", affinity]
    assert count_workers(arguments, cores) == expected
    said = capsys.readouterr().err
    assert ("gives 1 core to 4 tasks" in said) == (expected < 4)
