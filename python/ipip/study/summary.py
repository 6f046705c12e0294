"""The result of a study as plain values: entries of arms and comparisons, and a verdict."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ipip.config.influence import files_by_name
from ipip.config.study import StudySettings
from ipip.pipeline.seeds import derive_seed
from ipip.pipeline.versions import installed_versions
from ipip.stability.intervals import wilson_interval
from ipip.storage.digest import json_digest
from ipip.study.arms import Arm, Budget
from ipip.study.compare import Comparison, Score, compare_arms
from ipip.study.outcome import HELD_OUT, Outcome

RunKey = tuple[str, int]  # name of an arm, seed


def summarise(
    settings: StudySettings,
    arms: Sequence[Arm],
    budget: Budget,
    outcomes: Mapping[RunKey, Outcome],
    tests: Mapping[RunKey, Mapping[str, Any]],
    protocols: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the summary of the finished runs.

    Args:
        settings: of the study.
        arms: all arms.
        budget: of the iterated arm.
        outcomes: of each finished run.
        tests: content of the tests file of each of these runs.
        protocols: result of each stability protocol.
    """
    sets = [HELD_OUT, *(test_set.name for test_set in settings.test_sets)]
    scores = {
        (name, arm.name): {
            seed: _score(tests[arm.name, seed]["tests"][name])
            for seed in settings.seeds
            if (arm.name, seed) in outcomes
        }
        for name in sets
        for arm in arms
    }
    comparisons = {
        name: [
            compare_arms(
                arm,
                other,
                scores[name, arm],
                scores[name, other],
                seed=derive_seed(settings.seeds[0], "study", name, arm),
                draws=settings.draws,
                confidence=settings.confidence,
            )
            for arm, other in settings.baselines.items()
            if len(scores[name, arm].keys() & scores[name, other].keys()) > 1
        ]
        for name in sets
    }
    entries = [_arm(arm, settings, outcomes, tests, sets) for arm in arms]
    finished, wanted = len(outcomes), len(arms) * len(settings.seeds)
    return {
        "verdict": describe_verdict(comparisons, entries, settings, finished, wanted),
        "runs": {"finished": finished, "wanted": wanted},
        "baseline": settings.baseline,
        "confidence": settings.confidence,
        "budget": dataclasses.asdict(budget),
        "teachers": _teachers(outcomes, tests, sets),
        "arms": [entry for entry in entries if entry["seeds"]],
        "comparisons": {
            name: [dataclasses.asdict(c) | {"verdict": c.verdict} for c in own]
            for name, own in comparisons.items()
        },
        "protocols": dict(protocols or {}),
        "settings_digest": json_digest(files_by_name(settings)),
        "versions": installed_versions(),
    }


def _score(stored: Mapping[str, Any]) -> Score:
    return Score(
        stored["errors"], stored["weights"], stored["groups"], stored.get("units", "frames")
    )


def _arm(
    arm: Arm,
    settings: StudySettings,
    outcomes: Mapping[RunKey, Outcome],
    tests: Mapping[RunKey, Mapping[str, Any]],
    sets: Sequence[str],
) -> dict[str, Any]:
    seeds = [seed for seed in settings.seeds if (arm.name, seed) in outcomes]
    own = [outcomes[arm.name, seed] for seed in seeds]
    failed = sum(outcome.failures.failed for outcome in own)
    total = sum(outcome.failures.total for outcome in own)
    return {
        "name": arm.name,
        "meaning": arm.meaning,
        "seeds": seeds,
        "tests": {
            name: _figures([tests[arm.name, seed]["tests"][name]["metrics"] for seed in seeds])
            for name in sets
        },
        "force_mae_by_round": [outcome.by_round for outcome in own],
        "failures": {
            "failed": failed,
            "total": total,
            "wilson95": [round(bound, 4) for bound in wilson_interval(failed, total)],
            "by_seed": [outcome.failures.failed for outcome in own],
        },
        "steps": [outcome.steps for outcome in own],
        "teacher_calls": [outcome.teacher_calls for outcome in own],
        "us_per_atom_step": [outcome.us_per_atom_step for outcome in own],
    }


def _teachers(
    outcomes: Mapping[RunKey, Outcome],
    tests: Mapping[RunKey, Mapping[str, Any]],
    sets: Sequence[str],
) -> dict[str, Any]:
    """Return the errors of each teacher on each test set, by seed."""
    by_seed: dict[str, dict[int, Mapping[str, Any]]] = {}
    for (arm, seed), outcome in outcomes.items():
        by_seed.setdefault(outcome.teacher_name, {})[seed] = tests[arm, seed]["teacher"]
    return {
        teacher: {name: _figures([own[seed][name] for seed in sorted(own)]) for name in sets}
        for teacher, own in by_seed.items()
    }


def _figures(metrics: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return each error by seed, its mean and its median."""
    result: dict[str, Any] = {}
    for name in ("force_mae_ev_per_a", "force_rmse_ev_per_a", "energy_mae_mev_per_atom"):
        values = [entry.get(name) for entry in metrics]
        known = [value for value in values if value is not None]
        result[name] = {
            "by_seed": values,
            "mean": float(np.mean(known)) if known else None,
            "median": float(np.median(known)) if known else None,
        }
    return result


def describe_verdict(
    comparisons: Mapping[str, Sequence[Comparison]],
    arms: Sequence[Mapping[str, Any]],
    settings: StudySettings,
    finished: int,
    wanted: int,
) -> str:
    """Return the result of the study in sentences; it may be negative."""
    sentences = []
    if finished < wanted:
        sentences.append(f"{finished} of {wanted} runs are finished.")
    level = f"{100 * settings.confidence:.0f} %"
    for name, own in comparisons.items():
        found = _sentences(own)
        sentences += [f"{name.capitalize()} frames: {'; '.join(found)}."] if found else []
    counted = [arm for arm in arms if arm["failures"]["total"]]
    if counted:
        listed = ", ".join(
            f"{arm['name']} {arm['failures']['failed']} of {arm['failures']['total']}"
            for arm in counted
        )
        sentences.append(f"Failed stability runs: {listed}.")
    sentences.append(f"{len(settings.seeds)} seeds, {level} intervals.")
    return " ".join(sentences)


def _sentences(comparisons: Sequence[Comparison]) -> list[str]:
    """Return sentences on arms with lower, higher or indistinguishable errors."""
    found = []
    for word, phrase in (
        ("lower", "lower force error than"),
        ("higher", "higher force error than"),
        ("not distinguishable", "not distinguishable from"),
        ("not tested", "no interval against"),
    ):
        chosen = [c for c in comparisons if c.verdict == word]
        for baseline in dict.fromkeys(c.baseline for c in chosen):
            listed = ", ".join(
                f"{c.arm} ({100 * c.relative:+.0f} %, {c.seeds_lower} of {len(c.by_seed)} seeds "
                "lower)"
                for c in chosen
                if c.baseline == baseline
            )
            reasons = dict.fromkeys(c.withheld for c in chosen if c.withheld is not None)
            why = f" ({'; '.join(reasons)})" if reasons else ""
            found.append(f"{phrase} {baseline}{why}: {listed}")
    return found
