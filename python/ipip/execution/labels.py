"""Labels of teacher and reference as tasks, and a teacher that labels by them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Literal

from ipip.config.execution import Work
from ipip.config.teacher import TeacherSettings
from ipip.counts import counted
from ipip.data import Frame
from ipip.data.digest import frames_digest
from ipip.data.provenance import TEACHER_ERROR
from ipip.errors import IpipError
from ipip.execution.bundles import bundles
from ipip.execution.executor import Executor
from ipip.execution.kept_teacher import open_kept
from ipip.execution.plain_frames import array_of, frame_of, plain_array, plain_frame
from ipip.execution.task import Outcome, Task
from ipip.storage.atomic import write_text
from ipip.storage.sealed import DamagedError, open_sealed, read_sealed, sealed_text
from ipip.teachers import Teacher, TeacherInfo
from ipip.teachers.process import FrameError

STORE = "labels.jsonl"
ABOUT = "teacher.json"  # beside it: which teacher labelled
# s for a frame that nobody has timed: a teacher, a DFT code
SECONDS_EACH: Mapping[Work, float] = {"teacher_labels": 0.3, "reference_labels": 120.0}
Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class LabelTask(Task):
    """Frames to label at a level of theory.

    Attributes:
        level: teacher or reference level.
        frames: configurations.
        timed: evaluations of the first frame to time beside, after a first one.
    """

    kind: ClassVar[str] = "labels"
    takes_teacher: ClassVar[bool] = True
    level: TeacherSettings
    frames: tuple[Frame, ...]
    timed: int = 0

    @property
    def title(self) -> str:
        """How many frames."""
        return f"{self.level.kind} labels of {counted(len(self.frames), 'frame')}"

    def plain(self) -> dict[str, Any]:
        """Return level and frames as JSON-able values."""
        return {
            "level": self.level.model_dump(mode="json"),
            "frames": [plain_frame(frame) for frame in self.frames],
            "timed": self.timed,
        }

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> LabelTask:
        """Return the task."""
        frames = tuple(frame_of(frame) for frame in plain["frames"])
        return cls(TeacherSettings.model_validate(plain["level"]), frames, plain["timed"])

    def perform(self, folder: Path) -> Outcome:
        """Label what the store in the task's folder has not; each label is kept as it comes."""
        store = folder / STORE
        store.touch()
        known = read_labels(store)
        keys = [frames_digest([frame]) for frame in self.frames]
        waiting = [
            frame.replace(info={"key": key})
            for key, frame in dict(zip(keys, self.frames, strict=True)).items()
            if key not in known
        ]
        info, durations = _read_about(folder), []
        if waiting or self.timed or (self.frames and info is None):
            with (
                store.open("a", encoding="utf-8") as file,
                open_kept(self.level, folder) as teacher,
            ):
                info = teacher.info.as_dict()
                write_text(folder / ABOUT, sealed_text(info) + "\n")

                def keep(frame: Frame) -> None:
                    file.write(sealed_text(_entry(frame), indent=None) + "\n")
                    file.flush()

                file.write("\n")  # the last line may have been cut off
                teacher.label(waiting, on_error="mark", on_result=keep)
                durations = teacher.durations(self.frames[0], self.timed) if self.timed else []
        if set(keys) - set(read_labels(store)):
            raise IpipError(f"{store}: labels are missing that were written; try again")
        return Outcome({"teacher": info, "durations": durations}, (store,))


class TaskTeacher:
    """Labels frames by tasks of an executor; in place of a `Teacher`, from whom one cannot tell it.

    Args:
        settings: which teacher.
        executor: that has a resource for the work.
        work: `teacher_labels` or `reference_labels`.
    """

    def __init__(
        self, settings: TeacherSettings, executor: Executor, work: Work = "teacher_labels"
    ) -> None:
        self._settings = settings.model_copy(update={"workers": 1})
        self._executor = executor
        self._work = work
        self._info: TeacherInfo | None = None

    def __enter__(self) -> TaskTeacher:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        pass

    @property
    def info(self) -> TeacherInfo:
        """What identifies the teacher; known once it has labelled something."""
        if self._info is None:
            raise IpipError("the teacher has labelled nothing yet")
        return self._info

    def label(
        self,
        frames: Sequence[Frame],
        progress: Progress | None = None,
        on_error: Literal["raise", "mark"] = "raise",
        on_result: Callable[[Frame], None] | None = None,
    ) -> list[Frame]:
        """Compute labels; see `ipip.teachers.Teacher.label`."""
        bare = [
            frame.replace(energy=None, forces=None, stress=None, info={}, weight=1.0)
            for frame in frames
        ]
        own = bundles(
            list(range(len(frames))),
            SECONDS_EACH[self._work],
            self._executor.bundle_s,
            self._executor.places(self._work),
        )
        tasks = [LabelTask(self._settings, tuple(bare[k] for k in indices)) for indices in own]
        places = {id(task): indices for task, indices in zip(tasks, own, strict=True)}
        found: dict[int, Frame] = {}

        def finished(task: Task, result: dict[str, Any]) -> None:
            assert isinstance(task, LabelTask)
            self._know(result)
            (store,) = result["files"]
            labels = read_labels(Path(store))
            for index, asked in zip(places[id(task)], task.frames, strict=True):
                entry = labels[frames_digest([asked])]
                found[index] = _labelled(frames[index], entry, on_error)
                if on_result is not None:
                    on_result(found[index])
                if progress is not None:
                    progress(len(found), len(frames))

        self._executor.run(self._work, tasks, finished)
        return [found[index] for index in range(len(frames))]

    def durations(self, frame: Frame, calls: int) -> list[float]:
        """Return the wall times (s) of evaluations of a frame, after a first one."""
        bare = frame.replace(energy=None, forces=None, stress=None, info={}, weight=1.0)
        task = LabelTask(self._settings, (bare,), calls)
        found: list[float] = []

        def finished(_task: Task, result: dict[str, Any]) -> None:
            self._know(result)
            found.extend(result["value"]["durations"])

        self._executor.run(self._work, [task], finished)
        return found

    def _know(self, result: dict[str, Any]) -> None:
        if self._info is None and result["value"]["teacher"] is not None:
            self._info = TeacherInfo(**result["value"]["teacher"])


def open_teacher(
    settings: TeacherSettings,
    logs: Path,
    executor: Executor,
    work: Work = "teacher_labels",
) -> Teacher | TaskTeacher:
    """Return who labels: tasks where the executor has a resource for the work, else workers here.

    Args:
        settings: which teacher.
        logs: folder for what it prints, here.
        executor: decides where.
        work: `teacher_labels` or `reference_labels`.
    """
    if executor.resource(work) is None:
        return Teacher(settings, logs)
    return TaskTeacher(settings, executor, work)


def read_labels(store: Path) -> dict[str, dict[str, Any]]:
    """Return the labels in a task's store by digest of the frame; damaged lines are none."""
    known = {}
    try:
        lines = store.read_text(encoding="utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    for line in lines:
        try:
            entry = open_sealed(line)
            known[str(entry["key"])] = entry
        except (DamagedError, KeyError):
            continue
    return known


def _read_about(folder: Path) -> dict[str, Any] | None:
    try:
        return read_sealed(folder / ABOUT)
    except (OSError, DamagedError):
        return None


def _entry(frame: Frame) -> dict[str, Any]:
    if TEACHER_ERROR in frame.info:
        return {"key": frame.info["key"], "error": str(frame.info[TEACHER_ERROR])}
    assert frame.energy is not None and frame.forces is not None
    return {
        "key": frame.info["key"],
        "energy": frame.energy,
        "forces": plain_array(frame.forces),
        "stress": None if frame.stress is None else plain_array(frame.stress),
    }


def _labelled(frame: Frame, entry: Mapping[str, Any], on_error: str) -> Frame:
    if "error" in entry:
        if on_error == "raise":
            raise FrameError(entry["error"])
        info = {**frame.info, TEACHER_ERROR: entry["error"]}
        return frame.replace(energy=None, forces=None, stress=None, info=info)
    stress = None if entry["stress"] is None else array_of(entry["stress"])
    return frame.replace(energy=entry["energy"], forces=array_of(entry["forces"]), stress=stress)
