"""The record of a trajectory counts only with the frames that are read for it."""

import pytest

from ipip.execution.teacher_md import frames_file, read_record, record_files, store_record
from ipip.teachers import MDResult
from tests.execution.test_task import frames


@pytest.fixture
def runs(tmp_path):
    """A folder with a trajectory of two frames, whose frames an earlier version wrote as text."""
    labelled = [frame.replace(energy=0.0, forces=0 * frame.positions) for frame in frames(2)]
    store_record(tmp_path, MDResult("a", 1, "finished", None, 20, labelled, 1.0, 2.0))
    (tmp_path / "a.lmdb").rename(tmp_path / "a.xyz")
    return tmp_path


def test_frames_that_an_earlier_version_wrote_as_text_match_the_record(runs):
    assert frames_file(runs, "a") == runs / "a.xyz"
    assert read_record(runs, "a")["frames"] == 2
    assert record_files(runs, "a") == [runs / "a.json", runs / "a.xyz"]


def test_a_file_of_other_frames_that_is_read_instead_leaves_the_trajectory_open(runs):
    (runs / "a.lmdb").write_bytes(b"other frames")
    assert frames_file(runs, "a") == runs / "a.lmdb"
    assert read_record(runs, "a") is None
