"""The data of a report."""

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
        reference_energy: [m] eV/atom, relative to the fitted energies of the atoms.
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
        failed: whether it left its bounds.
        reason: the crossed bound, or empty.
        time_ps: ps reached.
        length_ps: planned ps.
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
        interval: 95 % interval of the force MAE, eV/Å, over the units in `summary["intervals"]`;
            None if it is withheld.
        runs: stability runs.
        us_per_atom_step: µs per atom and step, on one thread.
    """

    name: str
    test: Mapping[str, Any]
    interval: tuple[float, float] | None
    runs: tuple[StabilityRun, ...]
    us_per_atom_step: float | None


@dataclasses.dataclass(frozen=True)
class Drift:
    """Mean absolute change of the kept frames' labels by relabelling in a round.

    Attributes:
        round: index.
        forces: eV/Å.
        energy: meV/atom.
        trusted: fraction of the kept frames that the student labelled; None without trust.
    """

    round: int
    forces: float
    energy: float
    trusted: float | None = None


@dataclasses.dataclass(frozen=True)
class StageCost:
    """The cost of a stage.

    Attributes:
        stage: its name within the run.
        round: of the run.
        place: its name within the round, which sorts the stages.
        wall_s: wall time, s.
        teacher_calls: evaluations of the teacher.
        label: its work, in a word or two.
        colour: in figures, #rrggbb.
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
        kind: of the training, for the report.
        round: of the training.
        points: optimiser step and force MAE (eV/Å).
    """

    kind: str
    round: int
    points: tuple[tuple[int, float], ...]


@dataclasses.dataclass(frozen=True)
class Harvested:
    """The outcome of a harvest's candidates.

    Attributes:
        round: index.
        taken: number of selected frames.
        left: number of rejected frames for each kind of reason.
    """

    round: int
    taken: int
    left: dict[str, int]


@dataclasses.dataclass(frozen=True)
class SpeciesAtEnd:
    """Molecules of a set of MD runs at one moment.

    Attributes:
        title: runs and moment.
        runs: number of runs.
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
        follow: element in them; None: any.
        times: [n] ps.
        counts: [n] molecules of each formula, the most frequent first.
    """

    name: str
    follow: str | None
    times: tuple[float, ...]
    counts: dict[str, list[int]]


@dataclasses.dataclass(frozen=True)
class PhysicsChecks:
    """The results of the physics checks of one model.

    Attributes:
        name: of the model, as in `ModelResult`.
        checks: title, state (`holds`, `fails`, `does not apply`) and measure of each, in order.
    """

    name: str
    checks: tuple[tuple[str, str, str], ...]


@dataclasses.dataclass(frozen=True)
class ExpectedErrors:
    """Expected and true errors of a student's forces on the held-out frames.

    Attributes:
        name: of the model, as in `ModelResult`.
        expected: [n_bins] eV/Å, mean of each bin of atoms by expected error.
        observed: [n_bins] eV/Å, mean of the true ones in the same bins.
        rank_correlation: Spearman's, over atoms.
        auc_worst_tenth: area under the ROC curve for the worst tenth of the atoms.
        below: fraction of the errors below the stated multiple of the expected one.
        quantile: fraction of the validation errors below it.
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
        round: of the exploration.
        student: round of the student.
        name: of the run.
        failed: whether it left its bounds.
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
        notes: sentences for the reader (energy shift, ranks, warnings).
        models: the teacher, the baseline if there is one, each round's student.
        drift: of each round with relabelling.
        costs: of each stage, in order.
        curves: of each training.
        harvests: of each round after the first.
        species: molecules at the start and at the end of each round's explorations.
        species_over_time: molecules over time, of each analysed trajectory.
        physics: of the teacher and each round's student, if checked.
        expected_errors: of each round's student, if its file has them.
        errors_over_time: of some explorations of each round after the first.
        uncertainty_bound: eV/Å, at which guards end runs; None: no such guard.
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
