"""Failure rates from verdicts, as pure functions."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ipip.errors import IpipError
from ipip.lammps.verdict import Verdict
from ipip.stability.intervals import wilson_interval
from ipip.stability.survival import Survival, kaplan_meier


@dataclasses.dataclass(frozen=True)
class ModelStability:
    """The results of the runs of one model.

    Attributes:
        name: of the model.
        total: number of valid runs.
        failed: of these, the unstable ones.
        broken: number of runs broken by LAMMPS or the machine, which do not count.
        wilson95: interval of the failure rate.
        causes: number of unstable runs by reason.
        survival: over MD steps, or None without valid runs.
        failure_steps: steps at which runs failed, ascending.
        us_per_atom_step: mean cost in µs, or None.
    """

    name: str
    total: int
    failed: int
    broken: int
    wilson95: tuple[float, float]
    causes: dict[str, int]
    survival: Survival | None
    failure_steps: list[int]
    us_per_atom_step: float | None

    @property
    def rate(self) -> float | None:
        """Failed runs over all."""
        return self.failed / self.total if self.total else None

    @property
    def median_failure_step(self) -> float | None:
        """Median step of the failures."""
        return float(np.median(self.failure_steps)) if self.failure_steps else None


def summarize(name: str, verdicts: Sequence[Verdict]) -> ModelStability:
    """Summarize the runs of a model.

    Args:
        name: of the model.
        verdicts: of its runs. A run that failed at an unknown step counts as failed at step 0.

    Raises:
        IpipError: a stable run that did not reach its last step.
    """
    counted = [verdict for verdict in verdicts if verdict.state != "failed"]
    unstable = [verdict for verdict in counted if verdict.state == "unstable"]
    for verdict in counted:
        if verdict.state == "stable" and verdict.step is not None and verdict.step < verdict.steps:
            raise IpipError(f"{name}: a stable run ended at {verdict.step} of {verdict.steps}")
    ends = [v.steps if v.state == "stable" else v.step or 0 for v in counted]
    survival = kaplan_meier(ends, [v.state == "unstable" for v in counted]) if counted else None
    costs = [v.us_per_atom_step for v in counted if v.us_per_atom_step]
    return ModelStability(
        name=name,
        total=len(counted),
        failed=len(unstable),
        broken=len(verdicts) - len(counted),
        wilson95=wilson_interval(len(unstable), len(counted)),
        causes=dict(Counter(verdict.reason for verdict in unstable).most_common()),
        survival=survival,
        failure_steps=sorted(verdict.step or 0 for verdict in unstable),
        us_per_atom_step=float(np.mean(costs)) if costs else None,
    )


def compare_models(first: ModelStability, other: ModelStability) -> float | None:
    """Return the p-value of `compare_rates` for the first model and the other.

    None if one has no runs.
    """
    if not first.total or not other.total:
        return None
    return compare_rates((first.failed, first.total), (other.failed, other.total))


def compare_rates(first: tuple[int, int], other: tuple[int, int]) -> float:
    """Return the two-sided p-value of Fisher's exact test that two failure rates are equal.

    Args:
        first: failed runs, and all runs (one or more).
        other: the same.
    """
    from scipy.stats import fisher_exact  # here: it takes a second to load

    table = [[failed, total - failed] for failed, total in (first, other)]
    return float(fisher_exact(table).pvalue)


def verdict_sentence(models: Sequence[ModelStability], timestep: float, steps: int) -> str:
    """Return the result in one sentence.

    Args:
        models: in order; others are compared with the first.
        timestep: fs.
        steps: of each run.
    """
    parts = []
    for model in models:
        if not model.total:
            parts.append(f"{model.name}: no valid runs")
            continue
        low, high = (100 * bound for bound in model.wilson95)
        parts.append(
            f"{model.name}: {model.failed} of {model.total} runs failed "
            f"(95 % interval {low:.1f}-{high:.1f} %)"
        )
    text = f"{'; '.join(parts)}, within {steps * timestep / 1000:g} ps"
    for other in models[1:]:
        p = compare_models(models[0], other)
        if p is not None:
            finding = "differs from" if p < 0.05 else "is not distinguishable from"
            text += f"; {other.name} {finding} {models[0].name} (Fisher's p = {p:.2g})"
    return text


def as_dict(model: ModelStability, timestep: float) -> dict[str, Any]:
    """Return plain values; times in ps.

    Args:
        model: its stability.
        timestep: fs.
    """
    median = model.median_failure_step
    half = model.survival.median() if model.survival else None
    plain: Mapping[str, Any] = {
        "name": model.name,
        "failed": model.failed,
        "total": model.total,
        "broken": model.broken,
        "failure_rate": model.rate,
        "wilson95": list(model.wilson95),
        "causes": model.causes,
        "median_failure_ps": None if median is None else median * timestep / 1000.0,
        "median_survival_ps": None if half is None else half * timestep / 1000.0,
        "us_per_atom_step": model.us_per_atom_step,
    }
    return dict(plain)
