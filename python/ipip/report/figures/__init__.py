"""The figures of the page: each is a pure function from a run's results to traces and a table."""

from ipip.report.figures.accuracy import accuracy_figures
from ipip.report.figures.cost import cost_figures
from ipip.report.figures.figure import Figure, csv_text, plain_figure
from ipip.report.figures.frames import frame_figures
from ipip.report.figures.parity import parity_figures
from ipip.report.figures.physics import physics_figures
from ipip.report.figures.species import species_figures
from ipip.report.figures.stability import stability_figures
from ipip.report.figures.uncertainty import uncertainty_figures

__all__ = [
    "Figure",
    "accuracy_figures",
    "cost_figures",
    "csv_text",
    "frame_figures",
    "parity_figures",
    "physics_figures",
    "plain_figure",
    "species_figures",
    "stability_figures",
    "uncertainty_figures",
]
