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

TARGETS = "teacher"  # folder of the teacher's results


class ByMethod:
    """Trains like `ipip.train.fit`, and counts the teacher's evaluations.

    Args:
        teacher: to query.
        folder: of the stage.
        reporter: receives the progress of the teacher's evaluations.

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
        with self._progress(f"teacher evaluations for {settings.method.kind}") as on_evaluated:
            trained = fit_by_method(
                student,
                train,
                valid,
                settings,
                folder,
                seed=seed,
                teacher=self._teacher,
                target_folder=self._folder / TARGETS,
                progress=progress,
                on_evaluated=on_evaluated,
            )
        self.teacher_calls = trained.teacher_calls
        return trained.fit

    @contextlib.contextmanager
    def _progress(self, description: str) -> Iterator[Callable[[int, int], None]]:
        """Yield a function that reports the progress of the teacher's evaluations."""
        with contextlib.ExitStack() as shown:
            advances: list[Callable[[int], None]] = []
            before = 0

            def report(done: int, total: int) -> None:
                nonlocal before
                if not advances:
                    tasks = self._reporter.tasks(description, total)
                    advances.append(shown.enter_context(tasks))
                advances[0](done - before)
                before = done
                if done == total:
                    shown.close()

            yield report
