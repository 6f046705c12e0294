"""A teacher that stays open from one task of a process to the next: loading one takes seconds."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ipip.config.teacher import TeacherSettings
from ipip.teachers import Teacher


class _Kept:
    """What is open between two tasks."""

    allowed = False
    settings: TeacherSettings | None = None
    teacher: Teacher | None = None


def allow_keeping() -> None:
    """Keep teachers in this process, which performs one task after another."""
    _Kept.allowed = True


def close_kept() -> None:
    """Close the teacher that is open, if there is one: its memory is needed."""
    if _Kept.teacher is not None:
        _Kept.teacher.close()
    _Kept.teacher = _Kept.settings = None


@contextlib.contextmanager
def open_kept(settings: TeacherSettings, logs: Path) -> Iterator[Teacher]:
    """Open a teacher, or take the one that the task before has left open.

    Args:
        settings: which teacher.
        logs: folder for what it prints, where it is started here.

    Yields:
        The teacher. It stays open where the process keeps teachers and nothing was raised.
    """
    if _Kept.settings != settings:
        close_kept()
    teacher, _Kept.teacher, _Kept.settings = _Kept.teacher, None, None
    if teacher is None:
        teacher = Teacher(settings, logs).__enter__()
    try:
        yield teacher
    except BaseException:
        teacher.close()
        raise
    if _Kept.allowed:
        _Kept.teacher, _Kept.settings = teacher, settings
    else:
        teacher.close()
