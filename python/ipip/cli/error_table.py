"""A table of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table

from ipip.evaluation.metrics import Metrics

# Heading, key, format; line breaks keep columns narrow.
COLUMNS = (
    ("frames", "n_frames", "d"),
    ("atoms", "n_atoms", "d"),
    ("force\nMAE", "force_mae_ev_per_a", ".4f"),
    ("force\nRMSE", "force_rmse_ev_per_a", ".4f"),
    ("energy\nMAE", "energy_mae_mev_per_atom", ".2f"),
    ("energy\nRMSE", "energy_rmse_mev_per_atom", ".2f"),
    ("stress\nMAE", "stress_mae_ev_per_a3", ".5f"),
)
# Columns to drop first if a terminal is too narrow for the names of all config types.
LEAST_NEEDED = ("energy_rmse_mev_per_atom", "force_rmse_ev_per_a", "n_atoms")
PADDING = 3  # of a column and its line
Column = tuple[str, str, str]


def print_errors(errors: Metrics, title: str) -> None:
    """Print errors of all frames, by config type and by element: eV/Å, meV/atom, eV/Å^3.

    Names of config types are never cut: a narrow terminal loses the least needed columns, then
    names are folded.
    """
    console = Console(highlight=False, markup=False)
    kinds = errors["by_config_type"]
    rows: list[tuple[str, Mapping[str, Any]]] = [("all", errors)]
    rows += kinds.items() if len(kinds) > 1 else []
    elements = list(errors["by_element"].items())
    columns = _fitting([*rows, *elements], console.width)
    table = Table(title=title, title_justify="left")
    table.add_column("", overflow="fold")
    for name, _, _ in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for number, (name, values) in enumerate(rows):
        table.add_row(name, *_cells(values, columns), end_section=number in (0, len(rows) - 1))
    for name, values in elements:
        table.add_row(name, *_cells(values, columns))
    console.print(table)
    units = "forces in eV/Å (components), energies in meV/atom"
    console.print(units + (", stress in eV/Å^3" if "stress_mae_ev_per_a3" in errors else ""))


def _fitting(rows: Sequence[tuple[str, Mapping[str, Any]]], width: int) -> list[Column]:
    """Return the columns that fit beside the names of the rows."""
    columns = [column for column in COLUMNS if column[1] in rows[0][1]]
    names = max(cell_len(name) for name, _ in rows)
    for key in LEAST_NEEDED:
        if names + PADDING + 1 + sum(_width(rows, c) + PADDING for c in columns) <= width:
            break
        columns = [column for column in columns if column[1] != key]
    return columns


def _width(rows: Sequence[tuple[str, Mapping[str, Any]]], column: Column) -> int:
    cells = [*column[0].split("\n"), *(cell for _, v in rows for cell in _cells(v, [column]))]
    return max(map(len, cells))


def _cells(values: Mapping[str, Any], columns: Sequence[Column]) -> list[str]:
    return [f"{values[key]:{form}}" if key in values else "" for _, key, form in columns]
