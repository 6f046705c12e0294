"""Harvest: frames of the student's MD, unstable runs first, labelled by the teacher."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ipip.data import Frame, read_frames, write_frames
from ipip.decisions.energy_shift import energy_shifts, shifted
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
from ipip.records.frame_origins import frame_identity, origin_of, write_origins
from ipip.records.pretraining_set import TEACHER
from ipip.stages.harvest import HARVEST, HarvestRecord
from ipip.stages.inheritance import last_student
from ipip.stages.label import LABEL
from ipip.stages.pretraining_frames import base_set
from ipip.stages.student_md import STUDENT_MD
from ipip.stages.work.label import read_min_distances
from ipip.teachers import Teacher
from ipip.train import frame_features


def harvest(run: StageRun) -> StageResult[HarvestRecord]:
    """Choose frames of the round's student MD; write them with the teacher's shifted labels."""
    settings, round_index, label = run.settings, run.round.index, LABEL.of(0)
    shift = LABEL.read(run.manifests, 0).energy_shift.ev_per_atom
    known = [
        *base_set(run),
        *read_frames(run.path(label, LABEL.record.TRAIN)),
        *read_frames(run.path(label, LABEL.record.VALID)),
        *read_frames(run.path(label, LABEL.record.TEST)),
    ]
    runs = _runs(run.path(STUDENT_MD.of(round_index), STUDENT_MD.record.RUNS))
    run_steps = [steps for steps, _ in runs]
    seed = derive_seed(settings.seed, round_index, "harvest")
    candidates = (
        propose_at_random(run_steps, settings.harvest, seed)
        if settings.harvest.choose == "random"
        else propose(run_steps, settings.harvest)
    )
    frames = read_candidates(candidates, {steps.name: trajectory for steps, trajectory in runs})
    student = load_student(last_student(run))

    told: dict[str, tuple[Frame, float]] = {}  # what the teacher said, and what is added to it

    def ask(asked: list[Frame]) -> list[Frame]:
        with (
            Teacher(settings.teacher, run.folder) as teacher,
            run.reporter.tasks("teacher labels", len(asked)) as advance,
        ):
            labelled = teacher.label(asked, lambda done, total: advance(1), on_error="mark")
        added = energy_shifts(labelled, shift)
        pairs = list(zip(labelled, added, strict=True))
        told.update({frame_identity(round_index, frame.info): (frame, e) for frame, e in pairs})
        return [shifted(frame, e) for frame, e in pairs]

    result = choose(
        candidates,
        frames,
        label=ask,
        features=lambda chosen: frame_features(student, chosen),
        known_features=frame_features(student, known),
        min_distances=read_min_distances(run.path(label, LABEL.record.DISTANCES)),
        settings=settings.harvest,
        mean_energies=mean_energies_per_atom(known),
    )
    new = [told[frame_identity(round_index, frame.info)] for frame in result.frames]
    outputs = [run.folder / HARVEST.record.DECISIONS]
    others = rejected(run_steps, settings.harvest, candidates)
    write_decisions(outputs[0], [*result.decisions, *others])
    if new:
        outputs += [run.folder / HARVEST.record.NEW, run.folder / HARVEST.record.ORIGINS]
        named = [(_named(frame, round_index), added) for frame, added in new]
        write_frames(outputs[1], [frame for frame, _ in named])
        write_origins(
            outputs[2],
            [origin_of(frame, str(frame.info["frame_id"]), added) for frame, added in named],
        )
    taken = [decision for decision in result.decisions if decision.taken]
    unstable = sum(decision.state == "unstable" for decision in taken)
    differences = [d.force_difference for d in taken if d.force_difference is not None]
    mean = sum(differences) / len(differences) if differences else None
    note = f"{len(new)} of {len(candidates)} candidates taken, {unstable} from unstable runs"
    if mean is not None:
        note += f"; student and teacher differ by {mean:.2f} eV/Å on them"
    return StageResult(
        outputs=tuple(outputs),
        record=HarvestRecord(
            candidates=len(candidates),
            labelled=result.labelled,
            taken=len(new),
            taken_from_unstable=unstable,
            mean_force_difference_ev_per_a=mean,
            left=count_reasons(result.decisions),
        ),
        teacher_calls=result.labelled,
        seeds={"harvest": seed},
        note=note,
    )


def harvested_frames(run: StageRun, index: int) -> list[Frame]:
    """Read the frames that the harvest of round `index` took."""
    if not HARVEST.read(run.manifests, index).taken:
        return []
    return read_frames(run.path(HARVEST.of(index), HARVEST.record.NEW))


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
    return frame.replace(
        info={
            "frame_id": frame_identity(round_index, frame.info),
            "origin": round_index,
            "label": TEACHER,
            "traj": frame.info["traj"],
            "md_step": frame.info["md_step"],
        }
    )
