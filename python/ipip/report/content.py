"""What a report is made from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass(frozen=True)
class Parity:
    """One model on the held-out frames.

    Attributes:
        name: of the model.
        reference: [n] force components, eV/Å.
        predicted: [n] force components, eV/Å.
        reference_energy: [m] eV/atom, without the energies of the atoms (as fitted).
        predicted_energy: [m] eV/atom, likewise.
    """

    name: str
    reference: FloatArray
    predicted: FloatArray
    reference_energy: FloatArray = dataclasses.field(default_factory=lambda: np.zeros(0))
    predicted_energy: FloatArray = dataclasses.field(default_factory=lambda: np.zeros(0))


@dataclasses.dataclass(frozen=True)
class StabilityRun:
    """One stability run.

    Attributes:
        name: of the run.
        failed: it left its bounds.
        reason: which bound, or empty.
        time_ps: ps that it reached.
        length_ps: ps that it should reach.
    """

    name: str
    failed: bool
    reason: str | None
    time_ps: float
    length_ps: float


@dataclasses.dataclass(frozen=True)
class ModelResult:
    """Errors, stability and speed of the teacher or of a student.

    Attributes:
        name: ``teacher``, ``none`` (without pretraining), ``student 0`` (one-shot), ...
        test: errors on the held-out frames.
        interval: 95 % interval of the force MAE, eV/Å, over what `summary["intervals"]` says; None
            where it is withheld.
        runs: stability runs.
        us_per_atom_step: µs of one thread for an atom and a step.
    """

    name: str
    test: Mapping[str, Any]
    interval: tuple[float, float] | None
    runs: tuple[StabilityRun, ...]
    us_per_atom_step: float | None


@dataclasses.dataclass(frozen=True)
class Drift:
    """How far relabelling moved the labels of the kept frames of a round (mean absolute).

    Attributes:
        round: index.
        forces: eV/Å.
        energy: meV/atom.
        trusted: part of the kept frames that the student labelled; None where trust plays no part.
    """

    round: int
    forces: float
    energy: float
    trusted: float | None = None


@dataclasses.dataclass(frozen=True)
class StageCost:
    """What one stage took.

    Attributes:
        stage: its name within the run.
        round: of the run.
        place: its name within the round, by which stages are in order.
        wall_s: wall time, s.
        teacher_calls: evaluations of the teacher.
        label: what it does, in a word or two.
        colour: that it has in figures, #rrggbb.
    """

    stage: str
    round: int
    place: str
    wall_s: float
    teacher_calls: int
    label: str
    colour: str


@dataclasses.dataclass(frozen=True)
class Curve:
    """Validation errors of one training.

    Attributes:
        kind: of the training, as the report names it.
        round: round that it belongs to.
        points: optimiser step and force MAE (eV/Å).
    """

    kind: str
    round: int
    points: tuple[tuple[int, float], ...]


@dataclasses.dataclass(frozen=True)
class Harvested:
    """What became of the candidates of a harvest.

    Attributes:
        round: index.
        taken: frames.
        left: how many frames were left for each kind of reason.
    """

    round: int
    taken: int
    left: dict[str, int]


@dataclasses.dataclass(frozen=True)
class SpeciesAtEnd:
    """Molecules of a set of MD runs at one moment.

    Attributes:
        title: which runs, and when.
        runs: how many.
        counts: molecules of all runs by formula.
    """

    title: str
    runs: int
    counts: dict[str, int]


@dataclasses.dataclass(frozen=True)
class SpeciesOverTime:
    """Molecules of one trajectory.

    Attributes:
        name: of the analysis.
        follow: element that they hold; None: any.
        times: [n] ps.
        counts: [n] molecules of each formula, the most frequent first.
    """

    name: str
    follow: str | None
    times: tuple[float, ...]
    counts: dict[str, list[int]]


@dataclasses.dataclass(frozen=True)
class PhysicsChecks:
    """What the physics checks found on one model.

    Attributes:
        name: of the model, as `ModelResult` has it.
        checks: title, state (`holds`, `fails`, `does not apply`) and measure of each, in order.
    """

    name: str
    checks: tuple[tuple[str, str, str], ...]


@dataclasses.dataclass(frozen=True)
class ExpectedErrors:
    """What errors a student expects of the forces in the held-out frames, and what they are.

    Attributes:
        name: of the model, as `ModelResult` has it.
        expected: [n_bins] eV/Å, mean of each bin of atoms by expected error.
        observed: [n_bins] eV/Å, mean of the true ones there.
        rank_correlation: Spearman's, over atoms.
        auc_worst_tenth: how well the worst tenth of the atoms is found.
        below: share of the errors below the stated multiple of the expected one.
        quantile: share of the validation errors below it.
    """

    name: str
    expected: tuple[float, ...]
    observed: tuple[float, ...]
    rank_correlation: float
    auc_worst_tenth: float
    below: float
    quantile: float


@dataclasses.dataclass(frozen=True)
class ErrorsOverTime:
    """Expected errors along an exploration.

    Attributes:
        round: that explored.
        student: round of the student that ran.
        name: of the run.
        failed: it left its bounds.
        times: [n] ps.
        errors: [n] eV/Å, the largest expected error of a force.
    """

    round: int
    student: int
    name: str
    failed: bool
    times: tuple[float, ...]
    errors: tuple[float, ...]


@dataclasses.dataclass(frozen=True)
class ReportData:
    """A run's results.

    Attributes:
        summary: as in summary.json.
        compositions: for each round, frames of the pretraining set by origin.
        parity: one entry a model, the teacher first.
        failure_causes: for each round, number of failed runs by cause.
        notes: sentences a reader should know (energy shift, ranks, warnings).
        models: the teacher, the baseline where there is one, each round's student.
        drift: of each round that relabelled.
        costs: of each stage, in order.
        curves: of each training.
        harvests: of each round after the first.
        species: molecules at the start and at the end of each round's explorations.
        species_over_time: molecules over time, of each trajectory that was analysed.
        physics: of the teacher and each round's student, where they were checked.
        expected_errors: of each round's student whose file says some.
        errors_over_time: of some explorations of each round after the first.
        uncertainty_bound: eV/Å, at which guards end runs; None: they do not.
        settings: the run's settings as YAML.
        versions: of the packages that computed it.
        links: title and path, relative to the report's folder, of pages about the same run.
    """

    summary: dict[str, Any]
    compositions: tuple[dict[str, int], ...] = ()
    parity: tuple[Parity, ...] = ()
    failure_causes: tuple[dict[str, int], ...] = ()
    notes: tuple[str, ...] = ()
    models: tuple[ModelResult, ...] = ()
    drift: tuple[Drift, ...] = ()
    costs: tuple[StageCost, ...] = ()
    curves: tuple[Curve, ...] = ()
    harvests: tuple[Harvested, ...] = ()
    species: tuple[SpeciesAtEnd, ...] = ()
    species_over_time: tuple[SpeciesOverTime, ...] = ()
    physics: tuple[PhysicsChecks, ...] = ()
    expected_errors: tuple[ExpectedErrors, ...] = ()
    errors_over_time: tuple[ErrorsOverTime, ...] = ()
    uncertainty_bound: float | None = None
    settings: str = ""
    versions: dict[str, str] = dataclasses.field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
