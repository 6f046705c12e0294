"""The stages of a run, in order, and what each depends on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from ipip.config.run import RunSettings
from ipip.loop.folder import stage_id
from ipip.loop.parts import pick
from ipip.loop.plan import disk_estimates
from ipip.loop.stage import Stage, StageResult, StageRun
from ipip.loop.stages.evaluate import evaluate
from ipip.loop.stages.forget import forget
from ipip.loop.stages.harvest import harvest
from ipip.loop.stages.label import label
from ipip.loop.stages.relabel import relabel
from ipip.loop.stages.student_md import explore_with_student
from ipip.loop.stages.teacher_md import explore_with_teacher
from ipip.loop.stages.training import finetune, pretrain

Work = Callable[[StageRun], StageResult]


def build_stages(settings: RunSettings) -> list[Stage]:
    """Return every stage of the run.

    A stage's settings are those blocks that change its own work; what earlier stages did counts
    through their outputs. The number of rounds is in no stage's settings, so a finished run can be
    given more.
    """
    disk = disk_estimates(settings)
    stages = []
    for index in range(settings.rounds + 1):
        for name, title, parts, inputs, work in _round(settings, index):
            stages.append(
                Stage(
                    round=index,
                    name=name,
                    title=title,
                    settings=pick(settings, *parts),
                    inputs=inputs,
                    work=work,
                    disk_bytes=disk[name],
                )
            )
    return stages


def _round(
    settings: RunSettings, index: int
) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...], Work]]:
    def at(name: str, back: int = 0) -> str:
        return stage_id(index - back, name)

    label_stage = stage_id(0, "20_label")
    training: list[Any] = [
        (
            "30_pretrain",
            "pretrain the student",
            ("elements", "student", "pretrain") + (("iteration",) if index else ()),
            (
                label_stage,
                *((at("20_relabel"), at("40_finetune", 1)) if index else ()),
            ),
            partial(pretrain, settings, index),
        ),
        (
            "40_finetune",
            "fine-tune it on the reference frames",
            ("finetune",),
            (label_stage, at("30_pretrain")),
            partial(finetune, settings, index),
        ),
        (
            "50_evaluate",
            "held-out errors, stability and speed",
            ("systems", "student_md", "guards", "stability", "speed"),
            (label_stage, at("40_finetune")),
            partial(evaluate, settings, index),
        ),
    ]
    if index == 0:
        return [
            (
                "10_explore",
                "teacher MD",
                ("teacher", "systems", "teacher_md"),
                (),
                partial(explore_with_teacher, settings),
            ),
            (
                "20_label",
                "energy scales and the first pretraining set",
                ("elements", "teacher", "reference", "guards", "speed"),
                (at("10_explore"),),
                partial(label, settings),
            ),
            *training,
        ]
    previous_set = at("20_label" if index == 1 else "20_relabel", 1)
    return [
        (
            "05_forget",
            "forget a part of the pretraining set",
            ("iteration",),
            (previous_set,),
            partial(forget, settings, index),
        ),
        (
            "10_explore",
            "student MD in LAMMPS",
            ("systems", "student_md", "guards"),
            (label_stage, at("40_finetune", 1)),
            partial(explore_with_student, settings, index),
        ),
        (
            "15_harvest",
            "choose frames and label them with the teacher",
            ("teacher", "harvest"),
            (label_stage, previous_set, at("05_forget"), at("10_explore"), at("40_finetune", 1))
            if index > 1
            else (previous_set, at("05_forget"), at("10_explore"), at("40_finetune", 1)),
            partial(harvest, settings, index),
        ),
        (
            "20_relabel",
            "relabel the kept frames with the student",
            ("iteration",),
            (previous_set, at("05_forget"), at("15_harvest"), at("40_finetune", 1)),
            partial(relabel, settings, index),
        ),
        *training,
    ]
