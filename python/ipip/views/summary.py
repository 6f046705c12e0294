"""The summary of a run, from the manifests of its finished stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ipip.config.run import RunSettings
from ipip.config.stop import StopSettings
from ipip.decisions.best_round import best_round
from ipip.decisions.next_round import NextRound, budget_is_spent
from ipip.decisions.statistics import LEAST_GROUPS, paired_bootstrap, withheld
from ipip.decisions.verdict import Comparison, StudentFigures, describe_verdict
from ipip.errors import InputError
from ipip.pipeline.load import load_of
from ipip.pipeline.seeds import derive_seed
from ipip.records.manifest import Manifest
from ipip.stages.baseline import BASELINE
from ipip.stages.evaluate import EVALUATE
from ipip.stages.label import LABEL, LabelRecord
from ipip.stages.physics import PHYSICS, CheckRecord
from ipip.stages.relabel import RELABEL
from ipip.views.outcomes import decide, evaluated_rounds, round_outcome, spent, stop_reason


def summarise(
    manifests: Mapping[str, Manifest], settings: RunSettings, budget: str | None = None
) -> dict[str, Any]:
    """Return the summary of a run with these settings; see `make_summary`.

    Args:
        manifests: of the finished stages, by name.
        settings: of the run.
        budget: the budget that ended it, if one did; a budget that is spent now is detected.
    """
    if budget is None:
        budget = budget_is_spent(spent(manifests), settings.stop)
    return make_summary(manifests, settings.stop, settings.rounds, budget)


def make_summary(
    manifests: Mapping[str, Manifest],
    rules: StopSettings,
    rounds: int,
    budget: str | None = None,
) -> dict[str, Any]:
    """Return the summary: verdict, teacher, rounds, best round, and why the run ended.

    Args:
        manifests: of the finished stages, by name.
        rules: when the loop stops early or rolls back.
        rounds: planned number of rounds after round 0.
        budget: the budget that ended it, if one did.

    Raises:
        InputError: no round is finished.
    """
    finished = evaluated_rounds(manifests)
    decision = decide(manifests, rules)
    if decision is None:
        raise InputError("no round is finished yet; `ipip run` continues the run")
    best = best_round([round_outcome(index, manifests) for index in finished])
    label, labelled = manifests[LABEL.of(0)], LABEL.read(manifests, 0)
    summary: dict[str, Any] = {
        "verdict": _verdict(best, manifests),
        "teacher": {
            "test": labelled.test,
            "us_per_atom_step": label.times["teacher_us_per_atom_step"],
            "timing_load": _load(label),
        },
        "rounds": [_round_entry(index, manifests, decision) for index in finished],
        "best_round": best,
        "intervals": _intervals(labelled),
        "stopped": budget or stop_reason(manifests, rules, rounds),
    }
    if PHYSICS.of(0) in manifests and (checks := PHYSICS.read(manifests, 0).teacher):
        summary["teacher"]["physics"] = _failed(checks)
    baseline = manifests.get(BASELINE.of(0))
    if baseline is not None:
        measured = BASELINE.read(manifests, 0)
        summary["none"] = {
            "test": measured.test,
            "failures": measured.failures.model_dump(mode="json"),
            "us_per_atom_step": baseline.times["us_per_atom_step"],
            "timing_load": _load(baseline),
        }
    return summary


def _round_entry(
    index: int, manifests: Mapping[str, Manifest], decision: NextRound
) -> dict[str, Any]:
    evaluated, measured = manifests[EVALUATE.of(index)], EVALUATE.read(manifests, index)
    if index == 0:
        frames = {"kept": 0, "forgotten": 0, "new": LABEL.read(manifests, 0).sizes.pretraining}
    else:
        made = RELABEL.read(manifests, index)
        frames = {"kept": made.kept, "forgotten": made.forgotten, "new": made.new}
    return {
        "round": index,
        "test": measured.test,
        "failures": measured.failures.model_dump(mode="json"),
        "us_per_atom_step": evaluated.times["us_per_atom_step"],
        "timing_load": _load(evaluated),
        **frames,
        "base": _base(index, decision),
        "rolled_back": decision.rolled_back.get(index),
        **_physics(index, manifests),
    }


def _physics(index: int, manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    """Return the physics checks that a round's student fails; empty without checks."""
    if PHYSICS.of(index) not in manifests:
        return {}
    return {"physics": _failed(PHYSICS.read(manifests, index).student)}


def _failed(checks: Sequence[CheckRecord]) -> dict[str, Any]:
    failed = [one.check for one in checks if one.state == "fails"]
    return {"failed": failed, "total": sum(one.state != "does not apply" for one in checks)}


def _load(manifest: Manifest) -> dict[str, Any] | None:
    """Return the load of the machine during a stage's timing; None if not recorded."""
    load = load_of(manifest.times)
    if load is None:
        return None
    return {"running": load.running, "cores": load.cores, "is_high": load.is_high}


def _base(index: int, decision: NextRound) -> int | None:
    """Return the round from which round `index` started."""
    before = [accepted for accepted in decision.chain if accepted < index]
    return before[-1] if before else None


def _intervals(labelled: LabelRecord) -> dict[str, Any]:
    """Return the resampling units of the error intervals, or why there are none."""
    groups, units = labelled.test_groups, labelled.test_units
    return {
        "over": units,
        "count": len(set(groups)),
        "least": LEAST_GROUPS,
        "withheld": withheld(groups, units),
    }


def _verdict(best: int, manifests: Mapping[str, Manifest]) -> str:
    chosen, first = EVALUATE.read(manifests, best), EVALUATE.read(manifests, 0)
    teacher = LABEL.read(manifests, 0)
    seed = derive_seed(manifests[LABEL.of(0)].seeds["split"], "bootstrap")
    return describe_verdict(
        StudentFigures(best, chosen.failures.failed, chosen.failures.total),
        _compare(chosen.test_frame_errors, teacher.test_frame_errors, teacher, seed),
        _compare(chosen.test_frame_errors, first.test_frame_errors, teacher, seed)
        if best
        else None,
        (first.failures.failed, first.failures.total) if best else None,
        rounds=len(evaluated_rounds(manifests)),
    )


def _compare(
    errors: Sequence[float], baseline: Sequence[float], labelled: LabelRecord, seed: int
) -> Comparison:
    """Compare the force errors of two models on the held-out frames of a run."""
    sizes, groups, units = labelled.test_sizes, labelled.test_groups, labelled.test_units
    return Comparison(
        float(np.average(errors, weights=sizes)),
        float(np.average(baseline, weights=sizes)),
        paired_bootstrap(errors, baseline, sizes, groups, seed, units=units),
        withheld(groups, units),
    )
