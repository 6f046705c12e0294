"""The harvest of a round: candidates in, training frames and a decision for each candidate out."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ipip.config.harvest import HarvestSettings
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.harvest.bounds import geometry_problem, label_problem
from ipip.harvest.candidates import Candidate
from ipip.harvest.distances import Pair
from ipip.harvest.selection import force_difference, select


@dataclasses.dataclass(frozen=True)
class Decision:
    """What was decided about a candidate, and why.

    Attributes:
        run: its run.
        state: of its run.
        step: of the frame.
        before_end: fs to the run's end, or None.
        taken: whether it becomes a training frame.
        reason: why it was left; "" where taken.
        force_difference: student against teacher, eV/Å, or None where not labelled.
        max_force: teacher's largest force, eV/Å, or None.
        order: place in the selection, from 0, or None.
        distance: in feature space at its selection, or None.
    """

    run: str
    state: str
    step: int
    before_end: float | None
    taken: bool
    reason: str
    force_difference: float | None = None
    max_force: float | None = None
    order: int | None = None
    distance: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return a row of plain values for a table."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Harvest:
    """What a round brings in.

    Attributes:
        frames: taken frames with the teacher's labels, in order of selection.
        decisions: one for each candidate, in their order.
        labelled: number of frames that the teacher labelled.
    """

    frames: list[Frame]
    decisions: list[Decision]
    labelled: int


def harvest(
    candidates: Sequence[Candidate],
    frames: Sequence[Frame],
    *,
    label: Callable[[list[Frame]], list[Frame]] | None,
    features: Callable[[list[Frame]], npt.ArrayLike],
    known_features: npt.ArrayLike,
    min_distances: Mapping[Pair, float],
    settings: HarvestSettings,
    mean_energies: Mapping[str, float] | None = None,
    expected_errors: Callable[[list[Frame]], Sequence[float]] | None = None,
) -> Harvest:
    """Screen, label, rank and select candidates.

    Args:
        candidates: from :func:`ipip.harvest.propose`, or `propose_at_random` where the settings
            choose at random: the first sound ones are then taken.
        frames: of the candidates, in the same order, with the student's forces (eV/Å).
        label: the teacher: returns frames with its energy (eV) and forces (eV/Å); one it fails on
            comes back without labels. None: no teacher; frames keep what they have, and are
            chosen for diversity alone.
        features: of frames, [n, F].
        known_features: [k, F] of every frame that is already known; k may be 0.
        min_distances: lower bound (Å) of each sorted pair of symbols.
        settings: bounds and numbers.
        mean_energies: by composition, eV/atom, for the bound on energy.
        expected_errors: of frames, eV/Å, the largest of each: where the settings rank by it.

    Returns:
        Taken frames and a decision for every candidate. The same input gives the same harvest.

    Raises:
        InputError: numbers of candidates and frames differ.
    """
    if len(candidates) != len(frames):
        raise InputError(f"{len(candidates)} candidates but {len(frames)} frames")
    reasons = {i: geometry_problem(frame, min_distances) for i, frame in enumerate(frames)}
    sound = [i for i, reason in reasons.items() if reason is None]
    if settings.rank == "uncertainty" and settings.choose != "random" and label:
        if expected_errors is None:
            raise InputError("harvest.rank is uncertainty, but no errors to expect are known")
        return _least_certain(
            candidates,
            frames,
            reasons,
            label,
            features,
            known_features,
            settings,
            expected_errors,
            mean_energies,
        )
    queries = [frames[i] for i in sound]
    labelled = dict(zip(sound, label(queries) if label and queries else queries, strict=True))
    for i, frame in labelled.items() if label else ():
        reasons[i] = label_problem(frame, settings, mean_energies)
    good = [i for i in sound if reasons[i] is None]
    differences = {i: _difference(frames[i], labelled[i], settings) for i in good if label}
    order: dict[int, int] = {}
    distances: dict[int, float] = {}
    if settings.choose == "random":
        order = {i: place for place, i in enumerate(good[: settings.frames])}
        reasons.update(dict.fromkeys(good[settings.frames :], "sound, but drawn later"))
    elif good:
        selection = select(
            [differences.get(i, 0.0) for i in good],
            np.asarray(features([labelled[i] for i in good])),
            known_features,
            settings if label else _without_ranking(settings, len(good)),
        )
        reasons.update({good[k]: reason for k, reason in selection.reasons.items()})
        order = {good[int(k)]: place for place, k in enumerate(selection.taken)}
        distances = {i: float(selection.distances[place]) for i, place in order.items()}
    decisions = [
        Decision(
            **dataclasses.asdict(candidate),
            taken=i in order,
            reason=reasons[i] or "",
            force_difference=_finite(differences.get(i)),
            max_force=_largest_force(labelled.get(i)) if label else None,
            order=order.get(i),
            distance=_finite(distances.get(i)),
        )
        for i, candidate in enumerate(candidates)
    ]
    return Harvest([labelled[i] for i in order], decisions, len(labelled) if label else 0)


def _least_certain(
    candidates: Sequence[Candidate],
    frames: Sequence[Frame],
    reasons: dict[int, str | None],
    label: Callable[[list[Frame]], list[Frame]],
    features: Callable[[list[Frame]], npt.ArrayLike],
    known_features: npt.ArrayLike,
    settings: HarvestSettings,
    expected_errors: Callable[[list[Frame]], Sequence[float]],
    mean_energies: Mapping[str, float] | None,
) -> Harvest:
    """Select by the largest expected error, then label what is taken, and drop what is no label."""
    sound = [i for i, reason in reasons.items() if reason is None]
    taken: list[int] = []
    distances: dict[int, float] = {}
    if sound:
        asked = [frames[i] for i in sound]
        ranked = settings.model_copy(update={"min_force_difference": 0.0})
        selection = select(
            list(expected_errors(asked)), np.asarray(features(asked)), known_features, ranked
        )
        reasons.update({sound[k]: reason for k, reason in selection.reasons.items()})
        taken = [sound[int(k)] for k in selection.taken]
        distances = {i: float(selection.distances[place]) for place, i in enumerate(taken)}
    labelled = dict(zip(taken, label([frames[i] for i in taken]), strict=True)) if taken else {}
    for i, frame in labelled.items():
        reasons[i] = label_problem(frame, settings, mean_energies)
    order = {i: place for place, i in enumerate(i for i in taken if reasons[i] is None)}
    decisions = [
        Decision(
            **dataclasses.asdict(candidate),
            taken=i in order,
            reason=reasons[i] or "",
            force_difference=_finite(_difference(frames[i], labelled[i], settings))
            if i in order
            else None,
            max_force=_largest_force(labelled.get(i)),
            order=order.get(i),
            distance=_finite(distances.get(i)),
        )
        for i, candidate in enumerate(candidates)
    ]
    return Harvest([labelled[i] for i in order], decisions, len(labelled))


def _without_ranking(settings: HarvestSettings, candidates: int) -> HarvestSettings:
    """Settings by which all candidates are in the pool."""
    pool = max(1.0, candidates / settings.frames)
    return settings.model_copy(update={"min_force_difference": 0.0, "pool_factor": pool})


def _difference(frame: Frame, labelled: Frame, settings: HarvestSettings) -> float:
    if frame.forces is None or labelled.forces is None:
        raise InputError("a candidate frame lacks the student's forces: dump fx fy fz")
    return force_difference(frame.forces, labelled.forces, settings.rank_by)


def _largest_force(frame: Frame | None) -> float | None:
    if frame is None or frame.forces is None or len(frame) == 0:
        return None
    return _finite(float(np.sqrt((frame.forces**2).sum(axis=1).max())))


def _finite(value: float | None) -> float | None:
    return value if value is not None and np.isfinite(value) else None
