"""Harvest: frames of the student's MD, unstable runs first, labelled by the teacher."""

from __future__ import annotations

from ipip.data import Frame, read_frames, write_frames
from ipip.data.provenance import TEACHER, Provenance
from ipip.decisions.energy_shift import energy_shifts, shifted
from ipip.evaluation import open_student
from ipip.execution.labels import open_teacher
from ipip.harvest import count_reasons, write_decisions
from ipip.harvest.runs import harvest_runs
from ipip.harvest.sources import run_sources
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.stage import StageResult, StageRun
from ipip.records.frame_origins import origin_of, write_origins
from ipip.stages.harvest import HARVEST, HarvestRecord
from ipip.stages.inheritance import last_student
from ipip.stages.label import LABEL
from ipip.stages.pretraining_frames import base_set
from ipip.stages.student_md import STUDENT_MD
from ipip.stages.work.label import read_min_distances


def harvest(run: StageRun) -> StageResult[HarvestRecord]:
    """Select frames of the round's student MD; write them with the teacher's shifted labels."""
    settings, round_index, label = run.settings, run.round.index, LABEL.of(0)
    shift = LABEL.read(run.manifests, 0).energy_shift.ev_per_atom
    known = [
        *base_set(run),
        *read_frames(run.path(label, LABEL.record.TRAIN)),
        *read_frames(run.path(label, LABEL.record.VALID)),
        *read_frames(run.path(label, LABEL.record.TEST)),
    ]
    seed = derive_seed(settings.seed, round_index, "harvest")

    # The teacher's labels and the added shifts, by run and step.
    answers: dict[tuple[str, int], tuple[Frame, float]] = {}

    def label_queries(queries: list[Frame]) -> list[Frame]:
        with (
            open_teacher(settings.teacher, run.folder, run.executor) as teacher,
            run.reporter.tasks("teacher labels", len(queries)) as advance,
        ):
            labelled = teacher.label(queries, lambda done, total: advance(1), on_error="mark")
        added = energy_shifts(labelled, shift)
        pairs = list(zip(labelled, added, strict=True))
        answers.update({Provenance.of(frame).run_and_step: (frame, e) for frame, e in pairs})
        return [shifted(frame, e) for frame, e in pairs]

    student_file = last_student(run)
    result = harvest_runs(
        run_sources(run.path(STUDENT_MD.of(round_index), STUDENT_MD.record.RUNS)),
        known,
        open_student(student_file, device=settings.student_device)[0],
        settings.harvest,
        student_file=student_file,
        label=label_queries,
        min_distances=read_min_distances(run.path(label, LABEL.record.DISTANCES)),
        seed=seed,
    )
    new = [answers[Provenance.of(frame).run_and_step] for frame in result.frames]
    outputs = [run.folder / HARVEST.record.DECISIONS]
    write_decisions(outputs[0], result.decisions)
    if new:
        biased = settings.student_md.bias is not None
        outputs += [run.folder / HARVEST.record.NEW, run.folder / HARVEST.record.ORIGINS]
        write_frames(outputs[1], [_named(frame, round_index, biased) for frame, _ in new])
        origins = (
            origin_of(frame, Provenance.of(frame).id_in_round(round_index), added)
            for frame, added in new
        )
        write_origins(outputs[2], origins)
    taken = [decision for decision in result.candidates if decision.taken]
    unstable = sum(decision.state == "unstable" for decision in taken)
    differences = [d.force_difference for d in taken if d.force_difference is not None]
    mean = sum(differences) / len(differences) if differences else None
    note = f"{len(new)} of {len(result.candidates)} candidates selected"
    note += f", {unstable} from unstable runs"
    if mean is not None:
        note += f"; student and teacher differ by {mean:.2f} eV/Å on them"
    return StageResult(
        outputs=tuple(outputs),
        record=HarvestRecord(
            candidates=len(result.candidates),
            labelled=result.labelled,
            taken=len(new),
            taken_from_unstable=unstable,
            mean_force_difference_ev_per_a=mean,
            left=count_reasons(result.candidates),
        ),
        teacher_calls=result.labelled,
        seeds={"harvest": seed},
        note=note,
    )


def harvested_frames(run: StageRun, index: int) -> list[Frame]:
    """Read the frames that the harvest of round `index` selected."""
    if not HARVEST.read(run.manifests, index).taken:
        return []
    return read_frames(run.path(HARVEST.of(index), HARVEST.record.NEW))


def _named(frame: Frame, round_index: int, biased: bool) -> Frame:
    of_run = Provenance.of(frame)
    return Provenance(
        traj=of_run.traj,
        md_step=of_run.md_step,
        frame_id=of_run.id_in_round(round_index),
        origin=round_index,
        label=TEACHER,
        biased=biased or of_run.biased,
    ).replacing_info_of(frame)
