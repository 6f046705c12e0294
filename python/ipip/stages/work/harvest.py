"""Harvest: frames of the student's MD, unstable runs first, labelled by the teacher."""

from __future__ import annotations

from ipip.data import Frame, read_frames, write_frames
from ipip.decisions.energy_shift import apply_energy_shift
from ipip.evaluation import open_student
from ipip.harvest import count_reasons, write_decisions
from ipip.harvest.runs import harvest_runs
from ipip.harvest.sources import run_sources
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.stages.harvest import DECISIONS_FILE, NEW_FILE
from ipip.stages.inheritance import last_set, last_student
from ipip.stages.label import DISTANCES, LABEL, TEST_FILE, TRAIN_FILE, VALID_FILE
from ipip.stages.student_md import RUNS_FOLDER, STUDENT_MD
from ipip.stages.work.frames import read_set
from ipip.stages.work.label import read_min_distances
from ipip.teachers import Teacher


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
    seed = derive_seed(settings.seed, round_index, "harvest")

    def ask(asked: list[Frame]) -> list[Frame]:
        with (
            Teacher(settings.teacher, run.folder) as teacher,
            run.reporter.tasks("teacher labels", len(asked)) as advance,
        ):
            labelled = teacher.label(asked, lambda done, total: advance(1), on_error="mark")
        return apply_energy_shift(labelled, shift)

    student_file = last_student(run)
    result = harvest_runs(
        run_sources(run.path(STUDENT_MD.of(round_index), RUNS_FOLDER)),
        known,
        open_student(student_file)[0],
        settings.harvest,
        student_file=student_file,
        label=ask,
        min_distances=read_min_distances(run.path(label, DISTANCES)),
        seed=seed,
    )
    new = [_named(frame, round_index) for frame in result.frames]
    outputs = [run.folder / DECISIONS_FILE]
    write_decisions(outputs[0], result.decisions)
    if new:
        outputs.append(run.folder / NEW_FILE)
        write_frames(outputs[1], new)
    taken = [decision for decision in result.candidates if decision.taken]
    unstable = sum(decision.state == "unstable" for decision in taken)
    differences = [d.force_difference for d in taken if d.force_difference is not None]
    mean = sum(differences) / len(differences) if differences else None
    note = f"{len(new)} of {len(result.candidates)} candidates taken, {unstable} from unstable runs"
    if mean is not None:
        note += f"; student and teacher differ by {mean:.2f} eV/Å on them"
    return StageResult(
        outputs=tuple(outputs),
        results={
            "candidates": len(result.candidates),
            "labelled": result.labelled,
            "teacher_calls": result.labelled,
            "taken": len(new),
            "taken_from_unstable": unstable,
            "mean_force_difference_ev_per_a": mean,
            "left": count_reasons(result.candidates),
        },
        seeds={"harvest": seed},
        note=note,
    )


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
