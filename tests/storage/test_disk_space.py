"""A full disk is one clear message with the reason and the free space, wherever it happens."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from ipip.errors import InputError, IpipError
from ipip.storage.disk_space import full_disk_explained
from ipip.train.records.checkpoints import checkpoint_kept

PLACE = Path("/data/run")


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, os.strerror(errno.EDQUOT)),
        (errno.EFBIG, os.strerror(errno.EFBIG)),
    ],
)
def test_it_says_what_stopped_the_write(number, reason):
    with pytest.raises(IpipError) as told, full_disk_explained(PLACE):
        raise OSError(number, os.strerror(number))
    assert str(told.value) == (
        f"{PLACE}: cannot write ({reason}); nothing was lost: free some space and run the same "
        "command again"
    )


def test_it_is_found_behind_a_librarys_own_error():
    cause = OSError(errno.ENOSPC, "No space left on device")
    with pytest.raises(IpipError, match="the disk is full"), full_disk_explained(PLACE):
        raise RuntimeError("cannot serialise") from cause


def test_other_errors_are_unchanged():
    with pytest.raises(PermissionError), full_disk_explained(PLACE):
        raise PermissionError(errno.EACCES, "Permission denied")
    with pytest.raises(InputError, match="No space left"), full_disk_explained(PLACE):
        raise InputError("a file is called No space left on device")


def test_the_free_space_of_a_training_is_checked_when_the_disk_is_full(tmp_path):
    def train() -> None:
        with full_disk_explained(tmp_path, lambda: checkpoint_kept(tmp_path)):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(IpipError, match="nothing was lost"):
        train()
    (tmp_path / "last.ckpt").touch()
    with pytest.raises(IpipError, match="the last checkpoint is intact"):
        train()
