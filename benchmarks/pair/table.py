"""Tables of the existing parts, with their targets."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

SPEEDUP_BARS = {"dense": 12.0, "S2 gas": 8.0}
FLOOR_BAR, AROUND_BAR, FLAT_BAR, RANKS_BAR = 2.5, 0.10, 0.10, 1.85
UNCERTAINTY_BAR = 0.02


def verdicts(parts: dict[str, Any]) -> list[str]:
    """One line for each measured target: met or missed, with the figure."""
    lines = []

    def say(holds: bool, text: str) -> None:
        lines.append(f"{'holds ' if holds else 'MISSED'}  {text}")

    speed = [row for name in parts if name.startswith("speed-") for row in parts[name]["rows"]]
    for box, bar in SPEEDUP_BARS.items():
        ratios = [row["speedup"] for row in speed if row["box"] == box]
        if ratios:
            text = f"{box}: {min(ratios):.1f} to {max(ratios):.1f} times TorchScript (bar {bar:g})"
            say(min(ratios) >= bar, text)
    if speed:
        worst = max(row["over_floor"] for row in speed)
        say(worst <= FLOOR_BAR, f"at most {worst:.2f} times the sgemm floor (bar {FLOOR_BAR})")
        share = max(row["around_share"] for row in speed)
        say(
            share <= AROUND_BAR,
            f"at most {share:.1%} of the pair time around the kernels (bar 10 %)",
        )
    if "sizes" in parts:
        costs = [row["us"] for row in parts["sizes"]["rows"]]
        spread = max(costs) / min(costs) - 1
        say(spread <= FLAT_BAR, f"cost per atom within {spread:.1%} over sizes (bar 10 %)")
    if "ranks" in parts:
        gain = parts["ranks"]["rows"][-1]["speedup"]
        say(gain >= RANKS_BAR, f"two ranks {gain:.2f} times one (bar {RANKS_BAR})")
    for row in parts["uncertainty"]["rows"] if "uncertainty" in parts else ():
        text = f"{row['box']}: a step that reads expected errors costs {row['more']:.1%} more"
        say(row["more"] <= UNCERTAINTY_BAR, f"{text} (bar {UNCERTAINTY_BAR:.0%})")
    if "drift" in parts:
        rows = {(r["backend"], r["dtype"]): r for r in parts["drift"]["rows"]}
        ours, theirs = rows["kernels", "float32"], rows["torchscript", "float64"]
        apart = abs(ours["drift_mev_per_atom_ps"] - theirs["drift_mev_per_atom_ps"])
        error = (ours["standard_error"] ** 2 + theirs["standard_error"] ** 2) ** 0.5
        say(
            apart <= 2 * error,
            f"energy drifts by {ours['drift_mev_per_atom_ps']:.4f} meV/atom/ps in float32, by "
            f"{theirs['drift_mev_per_atom_ps']:.4f} with TorchScript float64: "
            f"{apart:.4f} apart, standard error {error:.4f}",
        )
    return lines


def print_tables(parts: dict[str, Any], console: Console) -> None:
    """Print a table for each kind of part, then the verdicts."""
    speed = [row for name in parts if name.startswith("speed-") for row in parts[name]["rows"]]
    if speed:
        _table(
            console, "One core, LAMMPS, float32; µs per atom and step", speed,
            {
                "box": "{}", "atoms": "{}", "neighbours": "{:.1f}", "channels": "{}",
                "layers": "{}", "kernels_us": "{:.2f}", "torchscript_us": "{:.0f}",
                "speedup": "{:.1f}x", "floor_us": "{:.2f}", "over_floor": "{:.2f}",
                "around_share": "{:.1%}",
            },
        )  # fmt: skip
        rates = sorted(row["sgemm_gflops"] for row in speed)
        console.print(f"floor: flop count over sgemm at {rates[0]:.0f}-{rates[-1]:.0f} GFLOP/s\n")
    others = [row for name in ("teacher", "schnetpack", "deepmd") if name in parts
              for row in parts[name]["rows"]]  # fmt: skip
    if others:
        columns = {"what": "{}", "us": "{:.0f}", "kib_per_atom": "{:.0f}"}
        _table(console, "Other programs, dense Mo-S-O, 512 atoms, one core", others, columns)
    for name, title in (
        ("memory", "Peak memory per atom, dense Mo-S-O"),
        ("sizes", "Size, 64 channels, 2 layers, dense"),
        ("ranks", "Ranks"),
        ("million", "A million atoms"),
        ("drift", "Constant-energy MD from 1200 K, 0.5 fs"),
        ("relabel", "Relabelling"),
        ("uncertainty", "Steps that read expected errors: additional CPU time"),
    ):
        if name in parts:
            rows = parts[name]["rows"]
            _table(console, title, rows, dict.fromkeys((k for k in rows[0] if k != "drifts"), "{}"))
    for line in verdicts(parts):
        console.print(line, highlight=False)


def _table(
    console: Console, title: str, rows: list[dict[str, Any]], columns: dict[str, str]
) -> None:
    table = Table(title=title, title_justify="left")
    for name in columns:
        table.add_column(
            name.replace("_", " "), justify="left" if name in ("what", "box") else "right"
        )
    for row in rows:
        table.add_row(*(_text(form, row[name]) for name, form in columns.items()))
    console.print(table)


def _text(form: str, value: Any) -> str:
    if form == "{}" and isinstance(value, float):
        return f"{value:.4g}"
    return form.format(value)
