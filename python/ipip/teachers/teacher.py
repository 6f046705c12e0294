"""A teacher: labels frames and runs MD in one or several worker processes."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from ase.data import atomic_numbers

from ipip.config.md import TeacherMDSettings
from ipip.config.teacher import TeacherSettings
from ipip.data.electronic_state import describe_state, has_charge_or_spin
from ipip.data.frame import Frame
from ipip.data.provenance import TEACHER_ERROR
from ipip.errors import IpipError
from ipip.teacher_program.kinds import KINDS
from ipip.teachers.checkpoint import MDCheckpoint
from ipip.teachers.pool import Result, StoppedError, Task, WorkerPool
from ipip.teachers.process import FrameError, WorkerProcess
from ipip.teachers.requests import (
    composition,
    failed_reply,
    geometry,
    label_request,
    md_request,
    md_result,
    read_labels,
    read_md_frame,
)
from ipip.teachers.results import MDJob, MDResult, TeacherInfo

log = logging.getLogger(__name__)
Progress = Callable[[int, int], None]
FloatArray = npt.NDArray[np.float64]


class Teacher:
    """A foundation potential in ``settings.workers`` processes; a context manager.

    Results come in the order of the input and do not depend on the number of workers.

    Args:
        settings: the teacher, and how it runs.
        log_folder: receives ``teacher-K.log``, the output of worker K's libraries.

    Raises:
        InputError: on entering, if interpreter, package or model is missing.
        TeacherError: a worker died or hung.
    """

    def __init__(self, settings: TeacherSettings, log_folder: Path) -> None:
        self.settings = settings
        self._log_folder = Path(log_folder)
        self._pool = WorkerPool()
        self._info: TeacherInfo | None = None
        self._warned = False
        self._calls = 0
        self._seconds = 0.0

    def __enter__(self) -> Teacher:
        self._pool = WorkerPool()
        try:
            first = self._open_workers()
        except BaseException:
            self.close()
            raise
        self._info = TeacherInfo(
            kind=self.settings.kind,
            model=first["model"],
            modal=self.settings.modal,
            weights_digest=first["weights_digest"],
            versions=first["versions"],
            start_s=first["seconds"],
        )
        return self

    def _open_workers(self) -> dict[str, Any]:
        """Start and open all workers; return the reply of the first.

        Where one process tries something for all, the others start after it.
        """
        alone = KINDS[self.settings.kind].tries_for_all
        self._start_workers(1 if alone else self.settings.workers)
        first = self._pool.each([lambda w: w.open()] * len(self._pool.workers), grace=False)[0]
        if alone:
            self._start_workers(self.settings.workers)
            others = [lambda w: w.open(tried=True)] * (self.settings.workers - 1)
            self._pool.each([lambda _: first, *others], grace=False)
        return first

    def _start_workers(self, count: int) -> None:
        """Start worker processes until there are `count`."""
        for index in range(len(self._pool.workers), count):
            log = self._log_folder / f"teacher-{index}.log"
            self._pool.workers.append(WorkerProcess(self.settings, log))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End all workers; safe to call twice."""
        self._pool.close()

    @property
    def info(self) -> TeacherInfo:
        """The identity of this teacher; available while it is open."""
        if self._info is None:
            raise IpipError("the teacher is not open; use it in a with statement")
        return self._info

    @property
    def pids(self) -> list[int]:
        """Process ids of the workers."""
        return [worker.pid for worker in self._pool.workers]

    @property
    def calls(self) -> int:
        """Number of frames labelled so far."""
        return self._calls

    @property
    def seconds_per_call(self) -> float | None:
        """Mean wall seconds of a label call inside the worker, or None before the first."""
        return self._seconds / self._calls if self._calls else None

    def label(
        self,
        frames: Sequence[Frame],
        progress: Progress | None = None,
        on_error: Literal["raise", "mark"] = "raise",
        on_result: Callable[[Frame], None] | None = None,
    ) -> list[Frame]:
        """Compute energy (eV), forces (eV/Å) and, for periodic cells, stress (eV/Å^3).

        Args:
            frames: configurations; labels they carry are replaced.
            progress: called with (frames done, frames in all).
            on_error: what to do if the teacher raises on a frame (for example, an unknown
                element): "raise", or "mark": the frame is returned without labels and with the
                message in ``info["teacher_error"]``.
            on_result: called with each frame once it has its labels (or is marked).

        Returns:
            The frames with the teacher's labels, in order. Labels are not checked for finite
            values.

        Raises:
            InputError: a frame has no atoms, or contradictory charges; nothing was labelled.
            FrameError: the teacher raised on a frame, and `on_error` is "raise"; the teacher is
                closed.
            TeacherError: its process died or hung.
        """
        for frame in frames:
            composition(frame)  # an error in a worker's thread would close the teacher
        done = 0
        size = self.settings.batch_size
        self._warn_of_states(frames)

        def perform(worker: WorkerProcess, chunk: Sequence[Frame]) -> list[Frame]:
            nonlocal done
            worker.send(*label_request(chunk))
            header, arrays = worker.receive()
            with self._pool.lock:
                self._calls += len(chunk)
                self._seconds += header["seconds"]
            labelled = []
            for index, (frame, error) in enumerate(zip(chunk, header["errors"], strict=True)):
                if error is None:
                    labelled.append(frame.replace(**read_labels(arrays, str(index))))
                    continue
                message = f"{worker.name} failed: {error}"
                if on_error == "raise":
                    raise FrameError(message)
                info = {**frame.info, TEACHER_ERROR: message}
                labelled.append(frame.replace(energy=None, forces=None, stress=None, info=info))
            with self._pool.lock:
                for frame in labelled:
                    done += 1
                    if on_result is not None:
                        on_result(frame)
                    if progress is not None:
                        progress(done, len(frames))
            return labelled

        chunks = [frames[start : start + size] for start in range(0, len(frames), size)]
        return [frame for chunk in self._run(perform, chunks) for frame in chunk]

    def durations(self, frame: Frame, calls: int) -> list[float]:
        """Return the wall times (s) of `calls` evaluations of a frame, after a first one."""
        self.label([frame])
        durations = []
        for _ in range(calls):
            clock = time.perf_counter()
            self.label([frame])
            durations.append(time.perf_counter() - clock)
        return durations

    def features(
        self, frames: Sequence[Frame], progress: Progress | None = None
    ) -> list[FloatArray]:
        """Return the invariant features of each frame's atoms before the readout, [n, width].

        One evaluation a frame, for the kinds that describe atoms (`ipip.teacher_program.kinds`).

        Args:
            frames: configurations.
            progress: called with (frames done, frames in all).

        Raises:
            InputError: this teacher has no features.
            FrameError: the teacher raises on a frame.
        """
        done = 0

        def perform(worker: WorkerProcess, frame: Frame) -> FloatArray:
            nonlocal done
            worker.send({"verb": "features", **composition(frame)}, geometry(frame))
            features: FloatArray = worker.receive()[1]["features"]
            with self._pool.lock:
                done += 1
                if progress is not None:
                    progress(done, len(frames))
            return features

        return self._run(perform, list(frames))

    def embedding(self, symbols: Sequence[str]) -> FloatArray:
        """Return the embedding of each element, before any neighbours, [n_symbols, width].

        Raises:
            InputError: this teacher has no embedding.
            FrameError: it does not know an element.
        """

        def perform(worker: WorkerProcess, numbers: list[int]) -> FloatArray:
            worker.send({"verb": "embedding", "numbers": numbers})
            embedding: FloatArray = worker.receive()[1]["embedding"]
            return embedding

        return self._run(perform, [[int(atomic_numbers[symbol]) for symbol in symbols]])[0]

    def run_md(
        self,
        jobs: Sequence[MDJob],
        md: TeacherMDSettings,
        progress: Progress | None = None,
        on_result: Callable[[MDResult], None] | None = None,
        checkpoints: Path | None = None,
    ) -> list[MDResult]:
        """Run one NVT trajectory for each job, one at a time on each worker.

        Args:
            jobs: starts and seeds.
            md: temperature (K), timestep (fs), steps, thermostat, bounds; see its fields. Settings
                of a job override it.
            progress: called with (MD steps done, MD steps in all).
            on_result: called with each result once its trajectory ends.
            checkpoints: folder for the last state of each trajectory, written every
                ``checkpoint_interval`` steps: a killed trajectory resumes from it. A state is
                removed once ``on_result`` has stored its trajectory.

        Returns:
            The trajectories in the order of the jobs. A trajectory that left its bounds has state
            "failed", its reason, and the frames before.
        """
        self._warn_of_states([job.frame for job in jobs])
        md_of_jobs = [job.md or md for job in jobs]
        steps = dict.fromkeys(range(len(jobs)), 0)
        total = sum(settings.steps for settings in md_of_jobs)

        def report(index: int, step: int) -> None:
            with self._pool.lock:
                steps[index] = step
                if progress is not None:
                    progress(sum(steps.values()), total)

        def perform(worker: WorkerProcess, task: tuple[int, MDJob]) -> MDResult:
            index, job = task
            spec = {**md_of_jobs[index].model_dump(), "seed": job.seed % 2**32, "state_interval": 0}
            spec["max_temperature"] = md_of_jobs[index].temperature_limit(len(job.frame))
            checkpoint = None if checkpoints is None else self._checkpoint(checkpoints, job, spec)
            request, frames = md_request(job, spec, checkpoint)
            worker.send(*request)
            while True:
                try:
                    header, arrays = worker.receive()
                except FrameError as error:
                    header, arrays = failed_reply(error, steps[index]), {}
                report(index, header["step"])
                if header["reply"] == "frame":
                    frames.append(read_md_frame(job, header, arrays))
                    if checkpoint is not None:
                        checkpoint.add(frames[-1])
                elif header["reply"] == "state" and checkpoint is not None:
                    checkpoint.save(header, arrays)
                elif header["reply"] == "stopped":
                    raise StoppedError(f"{worker.name} ended on request (SIGTERM)")
                elif header["reply"] == "done":
                    break
            report(index, md_of_jobs[index].steps)
            result = md_result(job, header, frames)
            if on_result is not None:
                with self._pool.lock:
                    on_result(result)
            if checkpoint is not None:
                checkpoint.clear()
            return result

        return self._run(perform, list(enumerate(jobs)))

    def _warn_of_states(self, frames: Sequence[Frame]) -> None:
        """Warn once if frames have a charge or spin that this kind of teacher ignores."""
        if KINDS[self.settings.kind].knows_states or self._warned:
            return
        charged = [frame for frame in frames if has_charge_or_spin(frame.info, frame.arrays)]
        if charged:
            self._warned = True
            log.warning(
                "%d of %d frames have %s; %s ignores charge and spin, and its labels are the "
                "same for all of them",
                len(charged),
                len(frames),
                describe_state(charged[0].info, charged[0].arrays),
                self.settings.kind,
            )

    def _checkpoint(self, folder: Path, job: MDJob, spec: dict[str, Any]) -> MDCheckpoint:
        """Return the checkpoint of a trajectory, and have the worker send states."""
        info = self.info.as_dict()
        identity = {name: info[name] for name in ("kind", "model", "modal", "weights_digest")}
        skipped = ("checkpoint_interval", "state_interval")
        md = {name: value for name, value in spec.items() if name not in skipped}
        spec["state_interval"] = spec["checkpoint_interval"]
        folder.mkdir(parents=True, exist_ok=True)
        return MDCheckpoint(folder, job.name, job.frame, {"teacher": identity, "md": md})

    def _run(
        self, perform: Callable[[WorkerProcess, Task], Result], tasks: list[Task]
    ) -> list[Result]:
        """Distribute tasks over the workers as they become free; return results in order."""
        if not self._pool.workers:
            raise IpipError("the teacher is not open; use it in a with statement")
        return self._pool.spread(perform, tasks)
