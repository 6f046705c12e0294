"""The work of ``ipip harvest``: training frames from a user's dumps and run folders."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ipip.config.harvest_run import HarvestRunSettings
from ipip.config.teacher import TeacherSettings
from ipip.data.files import read_frames
from ipip.data.frame import Frame
from ipip.data.provenance import TEACHER, Provenance
from ipip.errors import InputError
from ipip.evaluation import open_student
from ipip.harvest.candidates import RunSteps
from ipip.harvest.collection import read_stored, write_stored
from ipip.harvest.distances import calibrate_min_distances
from ipip.harvest.harvest import Decision
from ipip.harvest.run_folders import expand_run_folders
from ipip.harvest.runs import harvest_runs
from ipip.harvest.sources import open_sources
from ipip.harvest.table import count_reasons, write_decisions
from ipip.storage.atomic import write_text
from ipip.storage.digest import file_digest
from ipip.storage.lock import writes
from ipip.teachers import Teacher

TABLE_FILE = "harvest.csv"
SUMMARY_FILE = "summary.json"
Progress = Callable[[int, int], None]


@dataclasses.dataclass(frozen=True)
class HarvestReport:
    """The result of a harvest.

    Attributes:
        runs: the outcome of each run.
        problems: why runs failed, by name.
        decisions: one for every stored frame of every run.
        new: number of newly selected frames.
        frames: number of frames in the folder, including earlier harvests.
        labelled: number of frames that the teacher labelled.
    """

    runs: list[RunSteps]
    problems: dict[str, str]
    decisions: list[Decision]
    new: list[Frame]
    frames: int
    labelled: int


@writes("folder", "harvest")
def harvest_dumps(
    dumps: Sequence[Path],
    student_file: Path,
    settings: HarvestRunSettings,
    folder: Path,
    symbols: Sequence[str] | None = None,
    progress: Progress | None = None,
) -> HarvestReport:
    """Harvest from dumps and run folders; the same call continues with dumps that have grown.

    Writes ``frames.xyz`` (all frames selected so far), ``harvest.csv`` (why each frame was selected
    or not) and ``summary.json``; ``scan.json`` records how far each dump was read, ``frames.json``
    which frames were written.

    Args:
        dumps: dump files (.gz, .zst too), patterns with ``*``, folders of ipip's student runs,
            or folders that hold such folders.
        student_file: model for the comparison of forces with the teacher and for the features that
            measure diversity.
        settings: see its fields.
        folder: for the output.
        symbols: element of each LAMMPS type, if dumps have no elements.
        progress: called with (candidates labelled, candidates).

    Raises:
        InputError: a dump, the student, the teacher or known frames cannot be used.
        MissingExtraError: the student has no kernels, and PyTorch is not installed.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; expected a folder for the output")
    student, metadata = open_student(student_file)
    known = [f for path in settings.known for f in read_frames(path, require=())]
    taken = read_stored(folder)
    factor = settings.guards.distance_factor
    calibration = calibrate_min_distances(known, metadata.symbols, factor, hot=False)
    distances = calibration.distances
    dumps = expand_run_folders(dumps, file_digest(student_file))
    folder.mkdir(parents=True, exist_ok=True)
    sources = open_sources(dumps, settings, distances, folder, symbols)
    result = harvest_runs(
        sources,
        [*known, *taken],
        student,
        settings.harvest,
        student_file=student_file,
        label=None if settings.teacher is None else _labeller(settings.teacher, folder, progress),
        min_distances=distances,
        seed=settings.seed,
        taken={Provenance.of(frame).run_and_step for frame in taken},
        state=settings.state,
    )
    new = [_named(frame, settings.teacher is not None) for frame in result.frames]
    write_stored(folder, taken, new)
    write_decisions(folder / TABLE_FILE, result.decisions)
    report = HarvestReport(
        runs=[source.run for source in sources],
        problems={s.run.name: s.problem for s in sources if s.problem is not None},
        decisions=result.decisions,
        new=new,
        frames=len(taken) + len(new),
        labelled=result.labelled,
    )
    summary = {
        "student": str(student_file),
        "student_digest": file_digest(student_file),
        "settings": settings.model_dump(mode="json"),
        "min_distances": {"-".join(pair): value for pair, value in distances.items()},
        "runs": [
            {"name": run.name, "state": run.state, "frames": len(run.steps), "end": run.end_step}
            for run in report.runs
        ],
        "problems": report.problems,
        "candidates": len(result.candidates),
        "labelled": result.labelled,
        "taken": len(new),
        "frames": report.frames,
        "left": count_reasons(result.decisions),
    }
    write_text(folder / SUMMARY_FILE, json.dumps(summary, indent=1) + "\n")
    return report


def _labeller(
    settings: TeacherSettings, folder: Path, progress: Progress | None
) -> Callable[[list[Frame]], list[Frame]]:
    def label(frames: list[Frame]) -> list[Frame]:
        with Teacher(settings, folder) as teacher:
            return teacher.label(frames, progress, on_error="mark")

    return label


def _named(frame: Frame, labelled: bool) -> Frame:
    of_run = Provenance.of(frame)
    run, step = of_run.run_and_step
    known = Provenance(traj=run, md_step=step, config_type="harvest", biased=of_run.biased)
    if labelled:
        return dataclasses.replace(known, label=TEACHER).replacing_info_of(frame)
    return known.replacing_info_of(frame.replace(energy=None, forces=None, stress=None))
