"""A recipe's errors compared with the published ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table


def print_report(report: Mapping[str, Any], console: Console | None = None) -> None:
    """Print the verdict in one line, then the table, in kcal/mol and kcal/mol/Å.

    Args:
        report: of `train_on_labels` or `run_rounds`.
        console: for the output.
    """
    console = console or Console(highlight=False)
    frames = report["frames"]
    console.print(report.get("verdict") or _sentence(report), style="bold")
    table = Table(
        title=f"{report['molecule']}: mean absolute errors on {frames['test']} test frames "
        f"({frames['train']} for training, {frames['valid']} for validation)",
        title_justify="left",
    )
    table.add_column("")
    table.add_column("energy (kcal/mol)", justify="right")
    table.add_column("forces (kcal/mol/Å)", justify="right")
    for result in report["results"]:
        table.add_row(
            result["name"],
            f"{result['energy_mae_kcal_per_mol']:.4f}",
            f"{result['force_mae_kcal_per_mol_a']:.4f}",
        )
    table.add_section()
    for one in report["published"]:
        table.add_row(one["name"], _figure(one["energy"]), _figure(one["forces"]))
    console.print(table)


def _sentence(report: Mapping[str, Any]) -> str:
    result = report["results"][-1]
    return (
        f"{result['name']}: force MAE {result['force_mae_kcal_per_mol_a']:.4f} kcal/mol/Å, energy "
        f"MAE {result['energy_mae_kcal_per_mol']:.4f} kcal/mol"
    )


def _figure(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"
