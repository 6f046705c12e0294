"""What `ipip train` prints before it trains."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from ipip.cli.durations import rough_duration
from ipip.config.train_run import TrainRunSettings
from ipip.config.training import epochs_of, seconds_of
from ipip.counts import counted
from ipip.data.statistics import Statistics
from ipip.train.plan import TrainPlan

SHOWN = 5  # outliers and pairs that are named
KINDS = 8


def print_plan(settings: TrainRunSettings, plan: TrainPlan, folder: Path) -> None:
    """Print statistics of the frames, warnings about them, and the work ahead."""
    console = Console(highlight=False, markup=False)
    table = Table(title="frames", title_justify="left")
    table.add_column("")
    for name in plan.statistics:
        table.add_column(name, justify="right", overflow="fold")
    described = [_describe(s) for s in plan.statistics.values()]
    for quantity in described[0]:
        if any(values[quantity] for values in described):
            table.add_row(quantity, *(values[quantity] for values in described))
    console.print(table)
    for line in _oddities(plan):
        console.print(line, soft_wrap=True)
    student, training = plan.student, settings.training
    parameters = sum(p.numel() for p in student.parameters())
    start = f" from {settings.start_from}" if settings.start_from else ""
    frozen = f", {len(plan.frozen)} parameter arrays frozen" if plan.frozen else ""
    console.print(
        f"student: {student.architecture}{start}, elements {' '.join(student.symbols)}, "
        f"{parameters} parameters{frozen}, "
        f"cutoff {student.cutoff} Å, {student.dtype_name}"
    )
    expected = rough_duration(plan.steps * plan.seconds_per_step)
    energy = f"energy per {training.energy_per}"
    frames = len(plan.train) + len(plan.replay)
    epochs = counted(epochs_of(training, frames), "epoch")
    length = f"at most {epochs}, {counted(plan.steps, 'step')}"
    if training.budget is not None:
        about = "" if seconds_of(training) is None else f", about {plan.steps} steps"
        length = f"{training.budget}{about}"
    console.print(
        f"training: {length} of "
        f"{training.batch_size} frames, {training.loss} loss ({energy}), {training.optimizer}, "
        f"{training.schedule} schedule; about {expected} on one core"
    )
    console.print(f"folder: {folder}")


def _describe(s: Statistics) -> dict[str, str]:
    """Describe one part of the split, by quantity; empty for an empty part."""
    energy = s.energy_range
    sampled = "" if s.neighbour_frames == s.frames else f" in {s.neighbour_frames} frames"
    low, high = s.weight_range
    return {
        "frames": str(s.frames),
        "atoms": ", ".join(f"{symbol} {n}" for symbol, n in s.elements.items()),
        "atoms in a frame": f"{s.smallest} to {s.largest}",
        "neighbours, mean (max)": f"{s.neighbours_mean:.1f} ({s.neighbours_max}){sampled}",
        "closest pair (Å)": "-" if s.shortest is None else f"{s.shortest:.2f}",
        "energy (eV/atom)": "-" if energy is None else f"{energy[0]:.2f} to {energy[1]:.2f}",
        "|force| rms (max) (eV/Å)": "-"
        if s.force_rms is None
        else f"{s.force_rms:.2f} ({s.force_max:.1f})",
        "frames with stress": str(s.stresses),
        "largest stress (eV/Å^3)": "" if s.stress_max is None else f"{s.stress_max:.3g}",
        "weights": "" if low == high == 1.0 else f"{low:g} to {high:g}",
        "kinds": _kinds(s.config_types),
    }


def _kinds(kinds: dict[str, int]) -> str:
    """Return the most frequent config types."""
    largest = sorted(kinds.items(), key=lambda item: -item[1])[:KINDS]
    more = f", {len(kinds) - KINDS} more" if len(kinds) > KINDS else ""
    return ", ".join(f"{kind} {n}" for kind, n in largest) + more


def _oddities(plan: TrainPlan) -> list[str]:
    """Return one line for each oddity to check; none stops a training."""
    lines = []
    if plan.correlated:
        lines.append(
            "Warning: the frames follow one another like a trajectory, and are split one by one: "
            "errors will look too small. Mark each frame with its trajectory and name that key "
            "(keys.group: traj)."
        )
    duplicates = plan.duplicates
    lines += [f"{part}: duplicate frames: {n}" for part, n in duplicates.repeated.items() if n]
    lines += [
        f"{' and '.join(pair.split('/'))}: structures in both: {n}; errors will look too small; "
        "group such frames (keys.group)"
        for pair, n in duplicates.shared.items()
    ]
    if duplicates.conflicting:
        lines.append(
            f"of these pairs, {duplicates.conflicting} differ in energy by more than 1 meV/atom: "
            "labels computed with different settings?"
        )
    if duplicates.examples:
        pairs = [f"{a} {i} and {b} {j}" for a, i, b, j in duplicates.examples[:SHOWN]]
        lines.append(f"  for example {', '.join(pairs)}")
    if plan.mixed_states is not None:
        lines.append(plan.mixed_states)
    if plan.outliers:
        lines.append(f"labels of training frames that stand out: {len(plan.outliers)}")
    lines += [
        f"  train {o.frame}: {o.what} {o.value:.4g}, typical {o.typical:.4g} "
        f"({o.deviations:.0f} deviations)"
        for o in plan.outliers[:SHOWN]
    ]
    return lines
