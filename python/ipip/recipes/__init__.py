"""Recipes of the paper: a student of one molecule, from published labels to a table of errors."""

from ipip.recipes.labels import train_on_labels
from ipip.recipes.molecule import Published, Recipe, draw_split
from ipip.recipes.rounds import run_rounds
from ipip.recipes.table import print_report

__all__ = [
    "Published",
    "Recipe",
    "draw_split",
    "print_report",
    "run_rounds",
    "train_on_labels",
]
