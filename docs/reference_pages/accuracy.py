"""The table of networks trained for the same time, from what `benchmarks.accuracy` recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.accuracy.record import ERROR, PREFIX, RANGE, RMSE
from benchmarks.results import Result, markdown_table


def accuracy_tables(results: Mapping[str, Sequence[Result]]) -> dict[str, str]:
    """Return the table of each set on each machine, by the file that pages include.

    Args:
        results: by machine.
    """
    return {
        f"{result.benchmark}-errors-{machine}.txt": _table(result)
        for machine, own in results.items()
        for result in own
        if result.benchmark.startswith(PREFIX)
    }


def _table(result: Result) -> str:
    figures = [name for row in result.rows for name in row.figures if name.endswith(ERROR)]
    tests = [name.removesuffix(ERROR) for name in dict.fromkeys(figures)]
    heads = ["network", "seeds", "training, CPU s", "steps", "µs an atom", *tests]
    lines = []
    for row in result.rows:
        costs = [f"{row.figures[name]:.0f}" for name in ("training_cpu_s", "steps")]
        costs.append(f"{row.figures['us_per_atom']:.1f}")
        errors = [_errors(row.figures, test) for test in tests]
        lines.append([str(row.sizes["network"]), str(row.sizes["seeds"]), *costs, *errors])
    return "\n".join(markdown_table(heads, lines)) + "\n"


def _errors(figures: Mapping[str, float], test: str) -> str:
    """Return the MAE over seeds, half of its range, and the RMSE."""
    if test + ERROR not in figures:
        return ""
    reach = figures.get(test + RANGE)
    spread = "" if reach is None else f" ± {reach:.1f}"
    return f"{figures[test + ERROR]:.1f}{spread} / {figures[test + RMSE]:.0f}"
