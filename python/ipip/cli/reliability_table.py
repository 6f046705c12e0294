"""A table of expected against observed errors."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from ipip.uncertainty import Reliability


def print_reliability(measured: Reliability, title: str) -> None:
    """Print bins of atoms by expected error, and how well it ranks true errors."""
    console = Console(highlight=False, markup=False)
    table = Table(title=title, title_justify="left")
    table.add_column("expected\neV/Å", justify="right")
    table.add_column("observed\neV/Å", justify="right")
    for expected, observed in zip(measured.expected, measured.observed, strict=True):
        table.add_row(f"{expected:.3f}", f"{observed:.3f}")
    console.print(table)
    console.print(
        f"{measured.atoms} atoms, norm of the force's error: rank correlation "
        f"{measured.rank_correlation:.2f}, worst tenth detected with an AUC of "
        f"{measured.auc_worst_tenth:.2f}, {measured.below:.0%} below {measured.factor:.2f} times "
        f"the expected error (fitted: {measured.quantile:.0%})"
    )
