"""The harvest of a round: from candidates to training frames, with a decision on each candidate."""

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
    """The decision on a candidate, with its reason.

    Attributes:
        run: its run.
        state: of its run.
        step: of the frame.
        before_end: fs to the run's end, or None.
        taken: whether it becomes a training frame.
        reason: why it was not selected; "" if it was.
        force_difference: of student and teacher, eV/Å, or None if not labelled.
        expected_error: the largest of a force, eV/Å, or None if the student has none.
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
    expected_error: float | None = None
    max_force: float | None = None
    order: int | None = None
    distance: float | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return a row of plain values for a table."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Harvest:
    """The harvest of a round.

    Attributes:
        frames: selected frames with the teacher's labels, in order of selection.
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
    expected_errors: Sequence[float | None] = (),
    problems: Sequence[str | None] | None = None,
) -> Harvest:
    """Screen, label, rank and select candidates.

    Args:
        candidates: from :func:`ipip.harvest.propose`, or `propose_at_random` if the settings
            select at random: the first sound ones are then selected.
        frames: of the candidates, in the same order, with the student's forces (eV/Å).
        label: the teacher: returns frames with its energy (eV) and forces (eV/Å), and without
            labels if it fails. None: no teacher; frames keep their labels, and are selected by
            diversity only.
        features: of frames, [n, F].
        known_features: [k, F] of all known frames; k may be 0.
        min_distances: lower bound (Å) of each sorted pair of symbols.
        settings: bounds and numbers.
        mean_energies: by composition, eV/atom, for the bound on energy.
        expected_errors: eV/Å, the largest of each frame, if the student has them; the settings may
            rank by them.
        problems: of each frame's geometry, as from `geometry_problem` with these distances; None:
            the frames are checked here.

    Returns:
        Selected frames and a decision on every candidate. Equal inputs give equal harvests.

    Raises:
        InputError: numbers of candidates and frames differ, or the settings rank by unknown errors.
    """
    if len(candidates) != len(frames):
        raise InputError(f"{len(candidates)} candidates but {len(frames)} frames")
    if problems is None:
        problems = [geometry_problem(frame, min_distances) for frame in frames]
    reasons = dict(enumerate(problems))
    sound = [i for i, reason in reasons.items() if reason is None]

    def labels_of(chosen: list[int]) -> dict[int, Frame]:
        """Label candidates, and record which labels are out of bounds."""
        queries = [frames[i] for i in chosen]
        if label is None or not queries:
            return dict(zip(chosen, queries, strict=True))
        labels = dict(zip(chosen, label(queries), strict=True))
        reasons.update({i: label_problem(f, settings, mean_energies) for i, f in labels.items()})
        return labels

    def differences_of(chosen: list[int]) -> dict[int, float]:
        return {i: _difference(frames[i], labelled[i], settings) for i in chosen if label}

    label_last = settings.by_uncertainty and label is not None
    labelled = {} if label_last else labels_of(sound)
    good = [i for i in sound if reasons[i] is None]
    differences = {} if label_last else differences_of(good)
    taken: list[int] = []
    distances: dict[int, float] = {}
    if settings.choose == "random":
        taken = good[: settings.frames]
        reasons.update(dict.fromkeys(good[settings.frames :], "sound, but drawn later"))
    elif good:
        if label_last:
            ranks = _expected_errors_of(expected_errors, good)
            selection_settings = settings.model_copy(update={"min_force_difference": 0.0})
        else:
            ranks = [differences.get(i, 0.0) for i in good]
            selection_settings = settings if label else _without_ranking(settings, len(good))
        queries = [labelled.get(i, frames[i]) for i in good]
        selection = select(ranks, np.asarray(features(queries)), known_features, selection_settings)
        reasons.update({good[k]: reason for k, reason in selection.reasons.items()})
        taken = [good[int(k)] for k in selection.taken]
        distances = {i: float(selection.distances[place]) for place, i in enumerate(taken)}
    if label_last:
        labelled = labels_of(taken)
        taken = [i for i in taken if reasons[i] is None]
        differences = differences_of(taken)
    order = {i: place for place, i in enumerate(taken)}
    decisions = [
        Decision(
            **dataclasses.asdict(candidate),
            taken=i in order,
            reason=reasons[i] or "",
            force_difference=_finite(differences.get(i)),
            expected_error=_finite(expected_errors[i] if expected_errors else None),
            max_force=_largest_force(labelled.get(i)) if label else None,
            order=order.get(i),
            distance=_finite(distances.get(i)),
        )
        for i, candidate in enumerate(candidates)
    ]
    return Harvest([labelled[i] for i in order], decisions, len(labelled) if label else 0)


def _expected_errors_of(expected_errors: Sequence[float | None], chosen: list[int]) -> list[float]:
    values = [expected_errors[i] for i in chosen] if expected_errors else [None] * len(chosen)
    errors = [error for error in values if error is not None]
    if len(errors) < len(chosen):
        raise InputError(
            "harvest.rank is uncertainty, but the student has no expected errors; add them to its "
            "file with `ipip uncertainty`, or set harvest.rank: difference"
        )
    return errors


def _without_ranking(settings: HarvestSettings, candidates: int) -> HarvestSettings:
    """Return settings that put all candidates into the pool."""
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
