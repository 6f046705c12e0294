"""The harvest of a student's runs: from their stored frames to training frames and reasons."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from ipip.config.harvest import HarvestSettings
from ipip.data.frame import FloatArray, Frame
from ipip.errors import InputError
from ipip.evaluation import OpenStudent, frame_features
from ipip.harvest.bounds import geometry_problem, mean_energies_per_atom
from ipip.harvest.candidates import Candidate, RunSteps, propose, propose_at_random
from ipip.harvest.distances import Pair
from ipip.harvest.harvest import Decision, harvest
from ipip.harvest.rejected import rejected
from ipip.harvest.sources import Source
from ipip.uncertainty.record import require_uncertainty

RunStep = tuple[str, int]


@dataclasses.dataclass(frozen=True)
class RunsHarvest:
    """The harvest of runs.

    Attributes:
        frames: the selected ones with their new labels, in order of selection.
        candidates: the decision on each candidate, in order of preference.
        decisions: one for every stored frame of every run, by run and step.
        labelled: number of frames that were labelled.
    """

    frames: list[Frame]
    candidates: list[Decision]
    decisions: list[Decision]
    labelled: int


def harvest_runs(
    sources: Sequence[Source],
    known: Sequence[Frame],
    student: OpenStudent,
    settings: HarvestSettings,
    *,
    student_file: Path,
    label: Callable[[list[Frame]], list[Frame]] | None,
    min_distances: Mapping[Pair, float],
    seed: int,
    taken: Collection[RunStep] = (),
    state: Mapping[str, object] | None = None,
) -> RunsHarvest:
    """Select frames of runs for training.

    Args:
        sources: the runs.
        known: known frames, of which no duplicates are selected.
        student: for forces to compare with the teacher's and features that measure diversity.
        settings: windows, bounds and numbers.
        student_file: for messages.
        label: the teacher, as in :func:`ipip.harvest.harvest`; None: no teacher.
        min_distances: lower bound (Å) of each sorted pair of symbols.
        seed: of the draw, if the settings select at random.
        taken: run and step of frames that earlier harvests selected.
        state: charge, spin and similar values for frames without them.

    Returns:
        The same harvest for the same input. Frames have the info of their runs (`traj`, `md_step`).

    Raises:
        InputError: the dumps hold an element that the student lacks, or a frame is missing.
    """
    runs = [_without(source.run, taken) for source in sources]
    candidates = (
        propose_at_random(runs, settings, seed)
        if settings.choose == "random"
        else propose(runs, settings)
    )
    frames = _read(sources, candidates)
    frames = [frame.replace(info={**(state or {}), **frame.info}) for frame in frames]
    _check_elements(frames, student, student_file)
    if settings.by_uncertainty and label is not None:
        require_uncertainty(student_file)
    problems = [geometry_problem(frame, min_distances) for frame in frames]
    frames, expected_errors = _evaluated(student, frames, problems)
    result = harvest(
        candidates,
        frames,
        label=label,
        features=lambda chosen: frame_features(student, chosen),
        known_features=frame_features(student, known),
        min_distances=min_distances,
        settings=settings,
        mean_energies=mean_energies_per_atom(known),
        expected_errors=expected_errors,
        problems=problems,
    )
    decisions = [
        *result.decisions,
        *rejected(runs, settings, candidates),
        *_taken_before(sources, taken),
    ]
    place = {source.run.name: number for number, source in enumerate(sources)}
    decisions.sort(key=lambda decision: (place[decision.run], decision.step))
    return RunsHarvest(result.frames, result.decisions, decisions, result.labelled)


def _without(run: RunSteps, taken: Collection[RunStep]) -> RunSteps:
    """Return the run without the steps that earlier harvests selected."""
    remaining = [step for step in run.steps.tolist() if (run.name, step) not in taken]
    return dataclasses.replace(run, steps=np.array(remaining, dtype=np.int64))


def _taken_before(sources: Sequence[Source], taken: Collection[RunStep]) -> list[Decision]:
    return [
        Decision(
            source.run.name, source.run.state, step, None, True, "selected by an earlier harvest"
        )
        for source in sources
        for step in source.run.steps.tolist()
        if (source.run.name, step) in taken
    ]


def _read(sources: Sequence[Source], candidates: Sequence[Candidate]) -> list[Frame]:
    """Read the frames of candidates, in their order, with one pass over each run's files."""
    frames: dict[RunStep, Frame] = {}
    for source in sources:
        name = source.run.name
        steps = [candidate.step for candidate in candidates if candidate.run == name]
        of_run = source.frames(steps) if steps else {}
        frames.update({(name, step): frame for step, frame in of_run.items()})
    return [frames[candidate.run, candidate.step] for candidate in candidates]


def _check_elements(frames: Sequence[Frame], student: OpenStudent, file: Path) -> None:
    present = {chemical_symbols[z] for frame in frames for z in np.unique(frame.numbers)}
    unknown = sorted(present - set(student.symbols))
    if unknown:
        raise InputError(
            f"the dumps hold {', '.join(unknown)}, but student {file} has "
            f"{', '.join(student.symbols)}; give dumps of this student, or the right --symbols"
        )


def _evaluated(
    student: OpenStudent, frames: Sequence[Frame], problems: Sequence[str | None]
) -> tuple[list[Frame], list[float | None]]:
    """Return frames with the student's forces, and the largest expected error of each (eV/Å).

    Forces in a dump may include the noise of a thermostat. Frames with a problem have none.
    """
    forces: list[FloatArray | None] = [None] * len(frames)
    largest: list[float | None] = [None] * len(frames)
    sound = [k for k, problem in enumerate(problems) if problem is None]
    for k, done in zip(sound, student.evaluate_frames([frames[k] for k in sound]), strict=True):
        forces[k], largest[k] = done.forces, done.largest_uncertainty
    return [
        frame.replace(forces=values) for frame, values in zip(frames, forces, strict=True)
    ], largest
