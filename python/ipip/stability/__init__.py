"""The stability protocol: failure rate, survival and causes over many seeded runs."""

from ipip.stability.intervals import wilson_interval
from ipip.stability.results import ModelStability, compare_models, compare_rates, summarize
from ipip.stability.run import StabilityReport, run_stability
from ipip.stability.survival import Survival, kaplan_meier

__all__ = [
    "ModelStability",
    "StabilityReport",
    "Survival",
    "compare_models",
    "compare_rates",
    "kaplan_meier",
    "run_stability",
    "summarize",
    "wilson_interval",
]
