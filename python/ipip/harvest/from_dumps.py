"""The whole of ``ipip harvest``: training frames from a user's own dumps and run folders."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from ipip.config.harvest_run import HarvestRunSettings
from ipip.data.files import read_frames
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.evaluation import OpenStudent, frame_features, label_frames, open_student
from ipip.evaluation.expected_errors import largest_expected_errors
from ipip.harvest.bounds import geometry_problem, mean_energies_per_atom
from ipip.harvest.candidates import Candidate, RunSteps, propose, propose_at_random
from ipip.harvest.collection import read_stored, write_stored
from ipip.harvest.distances import Pair, calibrate_min_distances
from ipip.harvest.harvest import Decision, Harvest, harvest
from ipip.harvest.rejected import rejected
from ipip.harvest.run_folders import with_runs_inside
from ipip.harvest.sources import Source, open_sources
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
    """What a harvest brought in.

    Attributes:
        runs: what was found of each run.
        problems: why runs failed, by name.
        decisions: one for every stored frame of every run.
        new: frames that were taken now.
        frames: number of frames in the folder, with those of earlier harvests.
        labelled: frames that the teacher labelled.
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
    """Harvest from dumps and run folders; the same call goes on where dumps have grown.

    Writes ``frames.xyz`` (all frames taken so far), ``harvest.csv`` (why each frame was taken or
    left) and ``summary.json``; ``scan.json`` remembers how far each dump was read, ``frames.json``
    which frames were written.

    Args:
        dumps: dump files (.gz, .zst too), patterns with ``*``, folders of ipip's student runs,
            or folders that hold such folders.
        student_file: model whose forces are compared with the teacher's and whose features measure
            diversity.
        settings: see its fields.
        folder: for the output.
        symbols: element of each LAMMPS type, where dumps have no elements.
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
    dumps = with_runs_inside(dumps, file_digest(student_file))
    folder.mkdir(parents=True, exist_ok=True)
    sources = open_sources(dumps, settings, distances, folder, symbols)
    done = {(str(f.info.get("traj")), f.info.get("md_step")) for f in taken}
    runs = [_without(source.run, done) for source in sources]
    candidates = (
        propose_at_random(runs, settings.harvest, settings.seed)
        if settings.harvest.choose == "random"
        else propose(runs, settings.harvest)
    )
    frames = _read(sources, [(c.run, c.step) for c in candidates])
    frames = [frame.replace(info=settings.state | frame.info) for frame in frames]
    _check_elements(frames, metadata.symbols, student_file)
    frames = _with_forces(student, frames, distances)
    result = _choose(
        student, candidates, frames, [*known, *taken], distances, settings, folder, progress
    )
    new = [_named(frame, settings.teacher is not None) for frame in result.frames]
    decisions = [
        *result.decisions,
        *rejected(runs, settings.harvest, candidates),
        *_taken_before(sources, done),
    ]
    order = {source.run.name: place for place, source in enumerate(sources)}
    decisions.sort(key=lambda decision: (order[decision.run], decision.step))
    write_stored(folder, taken, new)
    write_decisions(folder / TABLE_FILE, decisions)
    report = HarvestReport(
        runs=[source.run for source in sources],
        problems={s.run.name: s.problem for s in sources if s.problem is not None},
        decisions=decisions,
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
        "candidates": len(candidates),
        "labelled": result.labelled,
        "taken": len(new),
        "frames": report.frames,
        "left": count_reasons(decisions),
    }
    write_text(folder / SUMMARY_FILE, json.dumps(summary, indent=1) + "\n")
    return report


def _choose(
    student: OpenStudent,
    candidates: Sequence[Candidate],
    frames: list[Frame],
    known: list[Frame],
    distances: dict[Pair, float],
    settings: HarvestRunSettings,
    folder: Path,
    progress: Progress | None,
) -> Harvest:
    def ask(asked: list[Frame]) -> list[Frame]:
        assert settings.teacher is not None
        with Teacher(settings.teacher, folder) as teacher:
            return teacher.label(asked, progress, on_error="mark")

    return harvest(
        candidates,
        frames,
        label=None if settings.teacher is None else ask,
        features=lambda chosen: frame_features(student, chosen),
        known_features=frame_features(student, known) if known else np.zeros((0, 0)),
        min_distances=distances,
        settings=settings.harvest,
        mean_energies=mean_energies_per_atom(known),
        expected_errors=lambda chosen: largest_expected_errors(student, chosen),
    )


def _without(run: RunSteps, done: set[tuple[str, object]]) -> RunSteps:
    """Leave out the steps that earlier harvests took."""
    kept = [step for step in run.steps.tolist() if (run.name, step) not in done]
    return dataclasses.replace(run, steps=np.array(kept, dtype=np.int64))


def _taken_before(sources: Sequence[Source], done: set[tuple[str, object]]) -> list[Decision]:
    return [
        Decision(source.run.name, source.run.state, step, None, True, "taken by an earlier harvest")
        for source in sources
        for step in source.run.steps.tolist()
        if (source.run.name, step) in done
    ]


def _read(sources: Sequence[Source], wanted: Sequence[tuple[str, int]]) -> list[Frame]:
    found: dict[tuple[str, int], Frame] = {}
    for source in sources:
        steps = [step for name, step in wanted if name == source.run.name]
        frames = source.frames(steps) if steps else {}
        found.update({(source.run.name, step): frame for step, frame in frames.items()})
    return [found[key] for key in wanted]


def _check_elements(frames: Sequence[Frame], known: Sequence[str], student_file: Path) -> None:
    there = {chemical_symbols[number] for frame in frames for number in np.unique(frame.numbers)}
    missing = sorted(there - set(known))
    if missing:
        raise InputError(
            f"the dumps hold {', '.join(missing)}, but student {student_file} knows "
            f"{', '.join(known)}; give its own dumps, or the right --symbols"
        )


def _with_forces(
    student: OpenStudent, frames: Sequence[Frame], distances: dict[Pair, float]
) -> list[Frame]:
    """Give sound frames the student's own forces: those of a dump may hold a thermostat's noise."""
    sound = [k for k, frame in enumerate(frames) if geometry_problem(frame, distances) is None]
    labelled = label_frames(student, [frames[k] for k in sound])
    forces = {k: one.forces for k, one in zip(sound, labelled, strict=True)}
    return [frame.replace(forces=forces.get(k)) for k, frame in enumerate(frames)]


def _named(frame: Frame, labelled: bool) -> Frame:
    info = {"traj": frame.info["traj"], "md_step": frame.info["md_step"], "config_type": "harvest"}
    if labelled:
        return frame.replace(info={**info, "label": "teacher"})
    return frame.replace(info=info, energy=None, forces=None, stress=None)
