"""Harvest: frames of the student's MD, unstable runs first, labelled by the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.data import Frame, read_frames, write_frames
from ipip.decisions.energy_shift import apply_energy_shift
from ipip.evaluation.expected_errors import largest_expected_errors
from ipip.evaluation.students import open_student
from ipip.export import load_student
from ipip.harvest import (
    Candidate,
    RunSteps,
    count_reasons,
    mean_energies_per_atom,
    propose,
    propose_at_random,
    rejected,
    write_decisions,
)
from ipip.harvest import harvest as choose
from ipip.lammps import RunTrajectory
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.harvest import DECISIONS_FILE, NEW_FILE
from ipip.stages.inheritance import last_set, last_student
from ipip.stages.label import DISTANCES, LABEL, TEST_FILE, TRAIN_FILE, VALID_FILE
from ipip.stages.student_md import RUNS_FOLDER, STUDENT_MD
from ipip.stages.work.frames import read_set
from ipip.stages.work.label import read_min_distances
from ipip.teachers import Teacher
from ipip.train import frame_features


def harvest(run: StageRun) -> StageResult:
    """Choose frames of the round's student MD; write them with the teacher's shifted labels."""
    settings, round_index, label = run.settings, run.round.index, LABEL.of(0)
    shift = run.results(label)["energy_shift"]["ev_per_atom"]
    known = [
        *read_set(last_set(run)),
        *read_frames(run.path(label, TRAIN_FILE)),
        *read_frames(run.path(label, VALID_FILE)),
        *read_frames(run.path(label, TEST_FILE)),
    ]
    runs = _runs(run.path(STUDENT_MD.of(round_index), RUNS_FOLDER))
    run_steps = [steps for steps, _ in runs]
    seed = derive_seed(settings.seed, round_index, "harvest")
    candidates = (
        propose_at_random(run_steps, settings.harvest, seed)
        if settings.harvest.choose == "random"
        else propose(run_steps, settings.harvest)
    )
    frames = read_candidates(candidates, {steps.name: trajectory for steps, trajectory in runs})
    student = load_student(last_student(run))

    def ask(asked: list[Frame]) -> list[Frame]:
        with (
            Teacher(settings.teacher, run.folder) as teacher,
            run.reporter.tasks("teacher labels", len(asked)) as advance,
        ):
            labelled = teacher.label(asked, lambda done, total: advance(1), on_error="mark")
        return apply_energy_shift(labelled, shift)

    result = choose(
        candidates,
        frames,
        label=ask,
        features=lambda chosen: frame_features(student, chosen),
        known_features=frame_features(student, known),
        min_distances=read_min_distances(run.path(label, DISTANCES)),
        settings=settings.harvest,
        mean_energies=mean_energies_per_atom(known),
        expected_errors=lambda frames: largest_expected_errors(
            open_student(last_student(run))[0], frames
        ),
    )
    new = [_named(frame, round_index) for frame in result.frames]
    outputs = [run.folder / DECISIONS_FILE]
    others = rejected(run_steps, settings.harvest, candidates)
    write_decisions(outputs[0], [*result.decisions, *others])
    if new:
        outputs.append(run.folder / NEW_FILE)
        write_frames(outputs[1], new)
    taken = [decision for decision in result.decisions if decision.taken]
    unstable = sum(decision.state == "unstable" for decision in taken)
    differences = [d.force_difference for d in taken if d.force_difference is not None]
    mean = sum(differences) / len(differences) if differences else None
    note = f"{len(new)} of {len(candidates)} candidates taken, {unstable} from unstable runs"
    if mean is not None:
        note += f"; student and teacher differ by {mean:.2f} eV/Å on them"
    return StageResult(
        outputs=tuple(outputs),
        results={
            "candidates": len(candidates),
            "labelled": result.labelled,
            "teacher_calls": result.labelled,
            "taken": len(new),
            "taken_from_unstable": unstable,
            "mean_force_difference_ev_per_a": mean,
            "left": count_reasons(result.decisions),
        },
        seeds={"harvest": seed},
        note=note,
    )


def read_candidates(
    candidates: Sequence[Candidate], trajectories: dict[str, RunTrajectory]
) -> list[Frame]:
    """Read the frames of candidates, in their order, one pass over each run's files."""
    steps: dict[str, list[int]] = {}
    for candidate in candidates:
        steps.setdefault(candidate.run, []).append(candidate.step)
    found = {
        (name, int(frame.info["md_step"])): frame
        for name, wanted in steps.items()
        for frame in trajectories[name].frames(wanted)
    }
    return [found[candidate.run, candidate.step] for candidate in candidates]


def _runs(folder: Path) -> list[tuple[RunSteps, RunTrajectory]]:
    found = []
    for path in sorted(folder.iterdir()):
        trajectory = RunTrajectory(path)
        verdict = trajectory.verdict
        if verdict is not None:
            steps = RunSteps(
                path.name, verdict.state, verdict.step, trajectory.steps(), trajectory.timestep
            )
            found.append((steps, trajectory))
    return found


def _named(frame: Frame, round_index: int) -> Frame:
    identity = f"round_{round_index:03d}/{frame.info['traj']}/{frame.info['md_step']}"
    return frame.replace(
        info={
            "frame_id": identity,
            "origin": round_index,
            "label": "teacher",
            "traj": frame.info["traj"],
            "md_step": frame.info["md_step"],
        }
    )
