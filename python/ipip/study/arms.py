"""The arms of a study: changes to the settings of the iterated run. Pure functions.

Budgets are those of the iterated arm with R rounds after round 0. The last student of every arm is
trained with the same number of optimiser steps, so one-shot pretraining is not handicapped by its
smaller set. Two arms relax this: `-long` arms train their one student with all the steps that the
iterated arm spends on its R + 1 students.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from ipip.config.run import RunSettings
from ipip.config.study import ArmSettings, StudySettings
from ipip.config.training import steps_of, steps_per_epoch
from ipip.errors import InputError
from ipip.pipeline.cost import pretraining_frames
from ipip.stages.work.concerns import LEAST_EPOCHS

UNBOUNDED_EPOCHS = 1_000_000  # steps bound these trainings
Changes = dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Budget:
    """The budget of the iterated arm.

    Attributes:
        pretrain_steps, finetune_steps: optimiser steps of one round.
        rounds: number of trained students, including round 0.
        teacher_runs: runs of the teacher's MD.
        harvest_calls: upper limit of teacher evaluations of all harvests.
    """

    pretrain_steps: int
    finetune_steps: int
    rounds: int
    teacher_runs: int
    harvest_calls: int

    @property
    def steps_of_one_student(self) -> int:
        """Optimiser steps of the last student."""
        return self.pretrain_steps + self.finetune_steps


@dataclasses.dataclass(frozen=True)
class Arm:
    """A way to train.

    Attributes:
        name: in tables and folders.
        meaning: one line.
        changes: by dotted key of the run's settings.
        labels: number of reference frames for training, with the first seed.
        epochs: of the evaluated student's training on them.
        own: keys of `changes` from the study's settings.
    """

    name: str
    meaning: str
    changes: Changes
    labels: int = 0
    epochs: float = 0.0
    own: frozenset[str] = frozenset()

    def settings(self, base: RunSettings, seed: int) -> RunSettings:
        """Return the settings of this arm's run with a seed.

        Raises:
            InputError: a changed key is unknown or its value does not fit.
        """
        values = base.model_dump()
        for key, value in (self.changes | {"seed": seed}).items():
            _set(values, key, value, self.name, own=key in self.own)
        try:
            return RunSettings.model_validate(values)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise InputError(f"arm {self.name}: {where}: {first['msg']}") from None


def build_arms(
    settings: StudySettings,
    base: RunSettings,
    budget: Budget,
    count_labels: Callable[[RunSettings], int],
) -> list[Arm]:
    """Return the arms of a study.

    Args:
        settings: of the study.
        base: settings of the iterated arm.
        budget: of the iterated arm.
        count_labels: number of reference frames that a run trains on.

    Raises:
        InputError: the run has no rounds to iterate, or an arm's keys are unknown.
    """
    if base.rounds < 1:
        raise InputError("the run of a study has rounds: 0; expected at least 1 to iterate")
    seed, own = settings.seeds[0], count_labels(base)
    arms = []
    for requested in settings.arms:
        arm = _arm(requested, base, budget)
        labels = count_labels(arm.settings(base, seed))
        if isinstance(requested, ArmSettings) and requested.steps == "epochs":
            passes = steps_per_epoch(base.finetune, labels) / steps_per_epoch(base.finetune, own)
            steps = max(1, round(budget.finetune_steps * passes))
            arm = _arm(requested, base, dataclasses.replace(budget, finetune_steps=steps))
            arm = dataclasses.replace(arm, meaning=f"{arm.meaning}, as many epochs as the run")
        run = arm.settings(base, seed)
        epochs = (run.finetune.max_steps or 0) / steps_per_epoch(run.finetune, labels)
        arms.append(dataclasses.replace(arm, labels=labels, epochs=epochs))
    return arms


def _arm(requested: ArmSettings | str, base: RunSettings, budget: Budget) -> Arm:
    """Return an arm whose trainings have the steps of a budget."""
    known_arms = _known_arms(base, budget)
    matched: Changes = {
        "stop.min_gain": None,  # to run all rounds of an arm
        "stop.min_new_frames": 0,
        "baseline.none": False,  # a separate arm
        "pretrain.budget": None,
        "finetune.budget": None,
        "pretrain.max_steps": budget.pretrain_steps,
        "pretrain.max_epochs": UNBOUNDED_EPOCHS,
        "finetune.max_steps": budget.finetune_steps,
        "finetune.max_epochs": UNBOUNDED_EPOCHS,
    }
    if isinstance(requested, str):
        meaning, changes = known_arms[requested]
        return Arm(requested, meaning, matched | changes)
    listed = ", ".join(f"{key} {value}" for key, value in requested.set.items())
    changes = known_arms[requested.like][1] | requested.set
    meaning = f"{requested.like} with {listed}"
    return Arm(requested.name, meaning, matched | changes, own=frozenset(requested.set))


def epoch_concerns(
    arms: Sequence[Arm], base: RunSettings, budget: Budget, labels: int
) -> list[str]:
    """Return warnings on arms with so few epochs that their training may not be finished.

    Args:
        arms: with their epochs.
        base: settings of the iterated arm.
        budget: of the iterated arm.
        labels: number of labels of the iterated arm.
    """
    usual = budget.finetune_steps / steps_per_epoch(base.finetune, labels)
    return [
        f"arm {arm.name} trains on its {arm.labels} labels for {arm.epochs:.0f} epochs, the run "
        f"on its {labels} for {usual:.0f}: its error may be that of an unfinished training; "
        "give the arm `steps: epochs`, or all arms more steps (finetune.max_epochs)"
        for arm in arms
        if arm.epochs < usual / 2 or arm.epochs < min(usual, LEAST_EPOCHS)
    ]


def _known_arms(base: RunSettings, budget: Budget) -> Mapping[str, tuple[str, Changes]]:
    def steps(pretrain: int, finetune: int) -> Changes:
        return {"pretrain.max_steps": pretrain, "finetune.max_steps": finetune}

    one, every = budget.steps_of_one_student, budget.steps_of_one_student * budget.rounds
    once: Changes = {"rounds": 0}
    none: Changes = once | {"pretrain": None}
    return {
        "none": (
            "reference labels only, with the optimiser steps of pretraining and fine-tuning",
            none | {"finetune.max_steps": one},
        ),
        "none-long": (
            "reference labels only, with the optimiser steps of all rounds",
            none | {"finetune.max_steps": every},
        ),
        "one-shot": ("pretrained once on the teacher's MD, fine-tuned", once),
        "one-shot-long": (
            "one-shot, with the optimiser steps of all rounds",
            once
            | steps(budget.pretrain_steps * budget.rounds, budget.finetune_steps * budget.rounds),
        ),
        "one-shot-budget": (
            "one-shot, with teacher MD prolonged by the harvests' teacher evaluations",
            once | {"teacher_md.steps": _longer(base, budget)},
        ),
        **_rivals(budget),
        "iterated": ("the loop with the settings of the run", {}),
        "iterated-forget-0": ("nothing is forgotten", {"iteration.forget_fraction": 0.0}),
        "iterated-forget-30": ("30 % are forgotten", {"iteration.forget_fraction": 0.3}),
        "iterated-random": (
            "frames of student MD selected at random instead of unstable ones first",
            {"harvest.choose": "random"},
        ),
        "iterated-teacher-labels": (
            "kept frames keep the teacher's labels",
            {"iteration.kept_labels": "keep"},
        ),
        "iterated-warm": (
            "each round starts from the last round's weights",
            {"iteration.start": "warm"},
        ),
        "iterated-trust": (
            "kept frames: the student's label if its uncertainty is low, else the teacher's",
            {"iteration.kept_labels": "trust"},
        ),
    }


def _rivals(budget: Budget) -> dict[str, tuple[str, Changes]]:
    """Return the arms that pretrain once by another method.

    Methods that query the teacher may do so as often as the harvests of the iterated arm.
    """
    queries = {"max_calls": max(2, budget.harvest_calls)}
    methods: dict[str, tuple[str, Changes]] = {
        "hessian": ("with rows of the teacher's Hessian (Amin et al. 2025)", queries),
        "n2n": ("with the teacher's atomic features (Ekström Kelvinius et al. 2023)", queries),
        "a2a": ("from the teacher's embedding of the elements", {}),
        "frad": ("by fractional denoising of the structures (Ni et al. 2024)", {}),
        "gpip": ("by masking, denoising and contrast of the structures (Cui et al. 2024)", {}),
    }
    return {
        f"one-shot-{kind}": (
            f"one-shot {meaning}",
            {"rounds": 0, "pretrain.method": {"kind": kind} | more},
        )
        for kind, (meaning, more) in methods.items()
    }


def _longer(base: RunSettings, budget: Budget) -> int:
    """Return the MD steps of each teacher run for the cost of MD and harvests together."""
    interval = base.teacher_md.frame_interval
    more = budget.harvest_calls / budget.teacher_runs
    frames = -(-(base.teacher_md.steps + more) // interval)
    return int(frames) * interval


def _set(values: dict[str, Any], key: str, value: Any, arm: str, *, own: bool) -> None:
    """Set a key; keys from the study's settings (`own`) must not name a block that is null."""
    *path, last = key.split(".")
    block: Any = values
    for part in path:
        inner = block.get(part) if isinstance(block, dict) else None
        if not isinstance(inner, dict):
            if inner is None and isinstance(block, dict) and part in block:
                if not own:
                    return  # the block is disabled, so its keys have no effect
                raise InputError(
                    f"arm {arm}: {key}: {part} is null in this arm, so the key has no effect; set "
                    f"{part} to a whole block, or remove the key"
                )
            raise InputError(f"arm {arm}: {key}: no such key in the run's settings")
        block = inner
    if last not in block:
        raise InputError(
            f"arm {arm}: {key}: no such key in the run's settings; expected one of "
            f"{', '.join(sorted(block))}"
        )
    block[last] = value


def find_budget(base: RunSettings, train_frames: int) -> Budget:
    """Return the budget of the iterated run, from its settings.

    Args:
        base: settings of the iterated arm.
        train_frames: number of reference frames in the training part.

    Raises:
        InputError: the run does not pretrain.
    """
    if base.pretrain is None:
        raise InputError("the run of a study has no pretraining; give it a `pretrain` block")
    runs = sum(system.runs for system in base.systems)
    training, _ = pretraining_frames(base, base.rounds)
    return Budget(
        pretrain_steps=steps_of(base.pretrain, training),
        finetune_steps=steps_of(base.finetune, train_frames),
        rounds=base.rounds + 1,
        teacher_runs=runs,
        harvest_calls=base.rounds * base.harvest.teacher_calls,
    )
