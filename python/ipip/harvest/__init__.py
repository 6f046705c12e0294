"""Harvest: selection of training frames from the student's MD, as pure functions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.harvest.bounds import geometry_problem, label_problem, mean_energies_per_atom
from ipip.harvest.candidates import (
    Candidate,
    RunSteps,
    choose_steps,
    propose,
    propose_at_random,
)
from ipip.harvest.distances import (
    DistanceCalibration,
    calibrate_min_distances,
    min_pair_distances,
)
from ipip.harvest.harvest import Decision, Harvest, harvest
from ipip.harvest.rejected import rejected
from ipip.harvest.selection import (
    Selection,
    farthest_points,
    force_difference,
    scale_features,
    select,
)
from ipip.harvest.table import count_reasons, write_decisions
from ipip.lazy import lazy_names

__all__ = [
    "Candidate",
    "Decision",
    "DistanceCalibration",
    "Harvest",
    "HarvestReport",
    "RunSteps",
    "Selection",
    "calibrate_min_distances",
    "choose_steps",
    "count_reasons",
    "farthest_points",
    "force_difference",
    "geometry_problem",
    "harvest",
    "harvest_dumps",
    "label_problem",
    "mean_energies_per_atom",
    "min_pair_distances",
    "propose",
    "propose_at_random",
    "rejected",
    "scale_features",
    "select",
    "write_decisions",
]

if TYPE_CHECKING:
    from ipip.harvest.from_dumps import HarvestReport, harvest_dumps

__getattr__ = lazy_names(
    __name__,
    {
        "HarvestReport": "ipip.harvest.from_dumps",
        "harvest_dumps": "ipip.harvest.from_dumps",
    },
)
