"""A table of errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

from ipip.train.metrics import Metrics

COLUMNS = (
    ("frames", "n_frames", "d"),
    ("atoms", "n_atoms", "d"),
    ("force MAE", "force_mae_ev_per_a", ".4f"),
    ("force RMSE", "force_rmse_ev_per_a", ".4f"),
    ("energy MAE", "energy_mae_mev_per_atom", ".2f"),
    ("energy RMSE", "energy_rmse_mev_per_atom", ".2f"),
    ("stress MAE", "stress_mae_ev_per_a3", ".5f"),
)


def print_errors(errors: Metrics, title: str) -> None:
    """Print errors of all frames, by kind and by element: eV/Å, meV/atom, eV/Å^3."""
    table = Table(title=title, title_justify="left")
    table.add_column("")
    columns = [column for column in COLUMNS if column[1] in errors]
    for name, _, _ in columns:
        table.add_column(name, justify="right")
    _row(table, "all", errors, columns)
    kinds = errors["by_config_type"]
    if len(kinds) > 1:
        table.add_section()
        for kind, values in kinds.items():
            _row(table, kind, values, columns)
    table.add_section()
    for symbol, values in errors["by_element"].items():
        _row(table, symbol, values, columns)
    console = Console(highlight=False, markup=False)
    console.print(table)
    units = "forces in eV/Å (components), energies in meV/atom"
    console.print(units + (", stress in eV/Å^3" if "stress_mae_ev_per_a3" in errors else ""))


def _row(
    table: Table, name: str, values: Mapping[str, Any], columns: list[tuple[str, str, str]]
) -> None:
    table.add_row(
        name, *(f"{values[key]:{form}}" if key in values else "" for _, key, form in columns)
    )
