"""Tables, pictures and the page of a run, made from its figures."""

from ipip.report.content import (
    Curve,
    Drift,
    ErrorsOverTime,
    ExpectedErrors,
    Harvested,
    ModelResult,
    Parity,
    PhysicsChecks,
    ReportData,
    SpeciesAtEnd,
    SpeciesOverTime,
    StabilityRun,
    StageCost,
)
from ipip.report.write import write_report

__all__ = [
    "Curve",
    "Drift",
    "ErrorsOverTime",
    "ExpectedErrors",
    "Harvested",
    "ModelResult",
    "Parity",
    "PhysicsChecks",
    "ReportData",
    "SpeciesAtEnd",
    "SpeciesOverTime",
    "StabilityRun",
    "StageCost",
    "write_report",
]
