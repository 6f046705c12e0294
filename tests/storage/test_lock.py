"""One process at a time writes a folder, and its end always frees it."""

from __future__ import annotations

import json
import multiprocessing
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ipip.errors import InUseError
from ipip.storage.lock import hold_file, hold_folder, writes

HOLD = """
import sys, time
from pathlib import Path
from ipip.storage.lock import hold_folder
with hold_folder(Path(sys.argv[1]), "harvest"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_process_learns_who_writes_and_a_killed_one_leaves_no_lock(
    tmp_path: Path,
) -> None:
    place = tmp_path / "results"
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(place)], stdout=subprocess.PIPE, text=True
    )
    assert first.stdout is not None and first.stdout.readline() == "held\n"
    own = rf"{place}: another `ipip harvest` writes there \(process {first.pid} on"
    with pytest.raises(InUseError, match=own), hold_folder(place, "harvest"):
        pass
    first.kill()
    first.wait()
    with hold_folder(place, "harvest"):
        owner = json.loads((place / ".lock").read_text())
    assert owner == {"pid": os.getpid(), "host": socket.gethostname(), "verb": "harvest"}


def test_a_folder_that_nothing_was_written_to_is_removed_again(tmp_path: Path) -> None:
    with pytest.raises(ValueError), hold_folder(tmp_path / "a" / "b", "train"):
        raise ValueError
    assert (tmp_path / "a").exists() and not (tmp_path / "a" / "b").exists()
    (tmp_path / "mine").mkdir()
    with hold_folder(tmp_path / "mine", "train"):
        pass
    assert (tmp_path / "mine").exists()
    with hold_folder(tmp_path / "full", "train"):
        (tmp_path / "full" / "result").write_text("")
    assert (tmp_path / "full" / "result").exists()


def test_a_file_is_held_with_a_lock_that_goes_away(tmp_path: Path) -> None:
    out = tmp_path / "out.xyz"
    with hold_file(out, "label"):
        assert (tmp_path / ".out.xyz.lock").exists()
        with pytest.raises(InUseError, match=r"out\.xyz: another `ipip label`"):
            hold_file(out, "label").__enter__()
    assert list(tmp_path.iterdir()) == []
    with hold_file(out, "label"):
        pass


def _count(place: Path, times: int) -> None:
    """Add 1 to a number in a file, under a lock that is removed after each time."""
    done = 0
    while done < times:
        try:
            with hold_file(place, "test"):
                value = int(place.read_text())
                place.write_text(str(value + 1))
        except InUseError:
            continue
        done += 1


def test_a_lock_that_is_removed_at_the_end_still_lets_one_in_at_a_time(tmp_path: Path) -> None:
    place = tmp_path / "number"
    place.write_text("0")
    start = multiprocessing.get_context("fork")
    others = [start.Process(target=_count, args=(place, 300)) for _ in range(3)]
    for process in others:
        process.start()
    for process in others:
        process.join()
        assert process.exitcode == 0
    assert place.read_text() == "900"


def test_a_function_holds_the_folder_that_it_writes(tmp_path: Path) -> None:
    @writes("folder", "species")
    def work(name: str, folder: Path | None = None) -> Callable[[], str] | str:
        if folder is not None and folder.is_dir():
            with pytest.raises(InUseError, match="another `ipip species`"):
                hold_folder(folder, "species").__enter__()
        return name

    assert work("a", tmp_path / "x") == work("a", folder=tmp_path / "y") == work("a") == "a"
    (tmp_path / "file").write_text("")
    assert work("b", tmp_path / "file") == "b"
