"""Pretraining by a method other than labels."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ipip.config.pretraining import PretrainSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.models import Student
from ipip.pipeline.reporter import Reporter
from ipip.pretraining.training import fit_by_method
from ipip.train import FitResult

ASKED = "teacher"  # folder of what the teacher was asked for


class ByMethod:
    """Trains as `ipip.train.fit` does, and counts what the teacher was asked.

    Args:
        teacher: who is asked.
        folder: of the stage.
        reporter: is told the progress of the asking.

    Attributes:
        teacher_calls: evaluations of the teacher.
    """

    def __init__(self, teacher: TeacherSettings, folder: Path, reporter: Reporter) -> None:
        self._teacher, self._folder, self._reporter = teacher, folder, reporter
        self.teacher_calls = 0

    def __call__(
        self,
        student: Student,
        train: Sequence[Frame],
        valid: Sequence[Frame],
        settings: PretrainSettings,
        folder: Path,
        *,
        seed: int,
        progress: bool,
    ) -> FitResult:
        """Train a copy of the student."""
        with self._told(f"teacher asked for {settings.method.kind}") as on_ask:
            found = fit_by_method(
                student,
                train,
                valid,
                settings,
                folder,
                seed=seed,
                teacher=self._teacher,
                asked=self._folder / ASKED,
                progress=progress,
                on_ask=on_ask,
            )
        self.teacher_calls = found.teacher_calls
        return found.fit

    @contextlib.contextmanager
    def _told(self, description: str) -> Iterator[Callable[[int, int], None]]:
        """Give a function that tells how far the asking is, and ends with it."""
        with contextlib.ExitStack() as shown:
            advances: list[Callable[[int], None]] = []
            before = 0

            def tell(done: int, total: int) -> None:
                nonlocal before
                if not advances:
                    tasks = self._reporter.tasks(description, total)
                    advances.append(shown.enter_context(tasks))
                advances[0](done - before)
                before = done
                if done == total:
                    shown.close()

            yield tell
