"""One attempt at a time works on a task, and lost attempts are taken over."""

import json
import os
import subprocess
import sys
import threading
import time

from ipip.execution import lease as lease_module
from ipip.execution.lease import SUPERSEDED, Lease, acquire, last_attempt, lease_path

HOLDER = """
import sys, time
from pathlib import Path
from ipip.execution.lease import acquire
acquire(Path(sys.argv[1]), float(sys.argv[2]), lambda: False)
print("held", flush=True)
time.sleep(60)
"""


def hold(folder, lease_s):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), str(lease_s)], stdout=subprocess.PIPE
    )
    assert process.stdout.readline() == b"held\n"
    return process


def test_of_many_that_begin_at_once_one_holds_the_lease(tmp_path):
    held, done = [], threading.Event()

    def work():
        lease = acquire(tmp_path, 60.0, done.is_set)
        if lease is not None:
            held.append(lease.number)
            time.sleep(0.2)
            done.set()
            lease.end("done")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert held == [1]


def test_a_killed_holder_on_this_machine_is_replaced_at_once(tmp_path):
    process = hold(tmp_path, 600.0)
    process.kill()
    process.wait()
    lease = acquire(tmp_path, 600.0, lambda: False)
    assert lease is not None and lease.number == 2
    lease.end("done")


def test_a_holder_that_was_cut_off_ends_when_another_one_has_begun(tmp_path):
    process = hold(tmp_path, 5.0)
    lease_path(tmp_path, 2).write_text("{}")  # what another node creates
    assert process.wait(10) == SUPERSEDED


def test_a_holder_on_another_machine_is_waited_for_until_its_lease_is_old(tmp_path):
    path = lease_path(tmp_path, 1)
    path.write_text(json.dumps({"host": "elsewhere", "boot": "another", "pid": os.getpid()}))
    began = time.monotonic()
    lease = acquire(tmp_path, 2.0, lambda: False)
    assert lease is not None and lease.number == 2
    assert time.monotonic() - began > 1.5
    lease.end("stopped")
    assert json.loads(lease_path(tmp_path, 2).read_text())["ended"] == "stopped"
    assert last_attempt(tmp_path) == 2


def test_work_done_while_the_lease_was_requested_is_not_repeated(tmp_path):
    lease_path(tmp_path, 1).write_text(json.dumps({"ended": "done"}))
    answers = iter([False, True])  # attempt 1 publishes between the two questions
    assert acquire(tmp_path, 60.0, lambda: next(answers)) is None
    assert json.loads(lease_path(tmp_path, 2).read_text())["ended"] == "done"


def test_a_file_system_that_is_away_for_a_moment_does_not_end_the_renewal(tmp_path, monkeypatch):
    held, failed = Lease.is_held, threading.Event()

    def away(lease):
        if not failed.is_set():
            failed.set()
            raise OSError("stale file handle")
        return held(lease)

    monkeypatch.setattr(Lease, "is_held", away)
    lease = acquire(tmp_path, 1.0, lambda: False)
    assert lease is not None and failed.wait(5)
    os.utime(lease_path(tmp_path, 1), (0, 0))
    deadline = time.monotonic() + 5
    while lease_path(tmp_path, 1).stat().st_mtime == 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    lease.end("done")


def test_where_machines_have_no_name_of_their_run_the_lease_alone_counts(tmp_path, monkeypatch):
    monkeypatch.setattr(lease_module, "_boot", lambda: "")
    lease_path(tmp_path, 1).write_text(json.dumps({"host": "a", "boot": "", "pid": 2**30}))
    began = time.monotonic()
    lease = acquire(tmp_path, 1.5, lambda: False)
    assert lease is not None and time.monotonic() - began > 1.0
    lease.end("done")
