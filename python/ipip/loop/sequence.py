"""The stages of a run, in order, and what each depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial
from typing import Any

from ipip.config.influence import paths_without_influence
from ipip.config.run import RunSettings
from ipip.loop.plan import disk_estimates, method_calls
from ipip.pipeline.folder import ACTIVE, BASELINE, COMMITTEE, previous_set, stage_id
from ipip.pipeline.stage import Stage, StageResult, StageRun
from ipip.pipeline.stage_settings import pick
from ipip.stages.work.baseline import baseline
from ipip.stages.work.committee import committee
from ipip.stages.work.evaluate import evaluate
from ipip.stages.work.forget import forget
from ipip.stages.work.harvest import harvest
from ipip.stages.work.label import label
from ipip.stages.work.reference_labels import label_at_reference
from ipip.stages.work.relabel import relabel
from ipip.stages.work.student_md import explore_with_student
from ipip.stages.work.teacher_md import explore_with_teacher
from ipip.stages.work.training import finetune, pretrain

Work = Callable[[StageRun], StageResult]
Row = tuple[str, str, tuple[str, ...], tuple[str, ...], Work]

LABEL = stage_id(0, "20_label")
MEASURED = ("systems", "student_md", "guards", "stability", "speed")

# Raised where a change of code changes what a stage makes: older results are then out of date.
REVISIONS: dict[str, int] = {
    "20_label": 3,
    "05_forget": 2,
    "20_relabel": 2,
    "30_pretrain": 2,
    BASELINE: 2,
}


class StageFactory:
    """Makes the stages of a run's rounds.

    A stage's settings are those that change its own work; what earlier stages did counts through
    their outputs. The number of rounds is in no stage's settings, so a finished run can be given
    more.
    """

    def __init__(self, settings: RunSettings) -> None:
        self.settings = settings
        self._parts: dict[tuple[str, ...], dict[str, Any]] = {}

    @cached_property
    def _disk(self) -> dict[str, int]:
        return disk_estimates(self.settings)

    @cached_property
    def _without_influence(self) -> frozenset[str]:
        return paths_without_influence(self.settings)

    def round(self, index: int, chain: tuple[int, ...]) -> list[Stage]:
        """Return the stages of round `index`, which begins from the last round of `chain`."""
        rows = self._first() if index == 0 else self._later(index, chain)
        return [
            Stage(
                round=index,
                name=name,
                title=title,
                settings=self._pick(parts),
                inputs=tuple(dict.fromkeys(inputs)),
                work=work,
                disk_bytes=self._disk[name],
                chain=chain,
                revision=REVISIONS.get(name, 1),
                teacher_calls=self._teacher_calls(name),
                without_influence=self._without_influence,
            )
            for name, title, parts, inputs, work in rows
        ]

    def _teacher_calls(self, name: str) -> int:
        """Return how often a stage may evaluate the teacher, beyond the teacher's MD."""
        if name == "15_harvest":
            return self.settings.harvest.candidates
        if name == "30_pretrain":
            return method_calls(self.settings)
        return 0

    def _pick(self, parts: tuple[str, ...]) -> dict[str, Any]:
        if parts not in self._parts:
            self._parts[parts] = pick(self.settings, *parts)
        return self._parts[parts]

    def _first(self) -> Iterator[Row]:
        settings = self.settings
        explore = stage_id(0, "10_explore")
        yield (
            "10_explore",
            "teacher MD",
            ("teacher", "systems", "teacher_md"),
            (),
            partial(explore_with_teacher, settings),
        )
        yield (
            "20_label",
            "energy scales and the first pretraining set",
            ("elements", "teacher", "reference", "guards", "speed"),
            (explore,),
            partial(label, settings),
        )
        yield from self._training(0, ())
        if settings.baseline.none:
            yield (
                BASELINE,
                "baseline: a student without pretraining",
                ("elements", "student", "finetune", "baseline.match_steps", *MEASURED),
                (LABEL, stage_id(0, "30_pretrain")),
                partial(baseline, settings),
            )

    def _later(self, index: int, chain: tuple[int, ...]) -> Iterator[Row]:
        settings = self.settings
        base = chain[-1]
        known, student = previous_set(base), stage_id(base, "40_finetune")
        forgotten, explored = stage_id(index, "05_forget"), stage_id(index, "10_explore")
        yield (
            "05_forget",
            "forget a part of the pretraining set",
            ("iteration.forget_fraction",),
            (known,),
            partial(forget, settings, index),
        )
        yield (
            "10_explore",
            "student MD in LAMMPS",
            ("systems", "student_md", "guards"),
            (LABEL, student),
            partial(explore_with_student, settings, index),
        )
        yield (
            "15_harvest",
            "choose frames and label them with the teacher",
            ("teacher", "harvest"),
            (LABEL, known, forgotten, explored, student),
            partial(harvest, settings, index),
        )
        if settings.active is not None:
            yield (
                ACTIVE,
                "label the most disputed frames at the reference level",
                ("active",),
                (LABEL, stage_id(index, "15_harvest")),
                partial(label_at_reference, settings, index),
            )
        parts, more = self._relabelling(chain)
        yield (
            "20_relabel",
            "relabel the kept frames",
            parts,
            (LABEL, known, forgotten, stage_id(index, "15_harvest"), student, *more),
            partial(relabel, settings, index),
        )
        yield from self._training(index, chain)

    def _relabelling(self, chain: tuple[int, ...]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the settings that relabelling depends on, and the further stages it reads."""
        iteration = self.settings.iteration
        parts, more = ["iteration.kept_labels"], []
        if iteration.kept_labels == "keep":
            return tuple(parts), ()
        parts.append("iteration.labeller")
        if iteration.labeller == "average":
            parts.append("iteration.averaged")
            more += [stage_id(index, "40_finetune") for index in chain[-iteration.averaged :]]
        asked = iteration.labeller == "committee"
        if iteration.kept_labels == "trust":
            parts += ["iteration.uncertainty", "iteration.trust_factor"]
            more += [stage_id(index, "15_harvest") for index in chain[1:]]
            asked = asked or iteration.uncertainty == "committee"
        if asked:
            parts.append("iteration.committee")
            more.append(stage_id(chain[-1], COMMITTEE))
        return tuple(parts), tuple(more)

    def _training(self, index: int, chain: tuple[int, ...]) -> Iterator[Row]:
        settings = self.settings
        own = previous_set(index)
        method = None if settings.pretrain is None else settings.pretrain.method
        asked_too = ("teacher",) if method is not None and method.asks_teacher else ()
        before = (stage_id(chain[-1], "40_finetune"),) if chain else ()
        yield (
            "30_pretrain",
            "pretrain the student",
            (
                "elements",
                "student",
                "pretrain",
                *asked_too,
                *(("iteration.start",) if chain else ()),
            ),
            (LABEL, own, *before),
            partial(pretrain, settings, index),
        )
        pretrained = stage_id(index, "30_pretrain")
        replay = settings.iteration.replay > 0
        active = [k for k in (*chain, index) if k > 0 and settings.active is not None]
        asked = tuple(stage_id(k, ACTIVE) for k in active)
        yield (
            "40_finetune",
            "fine-tune it on the reference frames",
            ("finetune", *(("iteration.replay",) if replay else ())),
            (LABEL, pretrained, *((own,) if replay else ()), *asked),
            partial(finetune, settings, index),
        )
        if settings.iteration.committee > 1 and index < settings.rounds:
            yield (
                COMMITTEE,
                "fine-tune the committee",
                ("finetune", "iteration.committee", "iteration.committee_share"),
                (LABEL, pretrained, *asked),
                partial(committee, settings, index),
            )
        yield (
            "50_evaluate",
            "held-out errors, stability and speed",
            MEASURED,
            (LABEL, stage_id(index, "40_finetune")),
            partial(evaluate, settings, index),
        )
