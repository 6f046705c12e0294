"""The result of an analysis, in a few sentences and as plain values."""

from __future__ import annotations

from typing import Any

from ipip.species.analyse import SpeciesResult


def describe_result(result: SpeciesResult) -> list[str]:
    """Return sentences for people, the most important first."""
    scale = result.timestep / 1000.0
    span = (result.last_step - result.first_step) * scale
    followed = result.followed()
    left = sorted(
        ((name, n) for name, n in result.lives.counts.items() if name in followed),
        key=lambda item: -item[1],
    )
    shown = ", ".join(f"{n} {name}" for name, n in left[:8]) or "none"
    which = "species" if result.follow is None else f"species with {result.follow}"
    lines = [f"{which} at the end ({result.last_step * scale:g} ps): {shown}"]
    total = sum(result.events.values())
    kinds = ", ".join(f"{kind} {n}" for kind, n in result.events.items())
    lines.append(f"events: {kinds}" if total else "events: none")
    if result.ended is not None:
        lines.append(f"the analysis ends before the dump: {result.ended}")
    lines.append(
        f"{result.frames} frames over {span:g} ps of {result.composition} ({result.n_atoms} atoms)"
    )
    bonds = "; ".join(
        f"{pair} {form:.2f}/{break_:.2f}"
        for pair, form, break_ in result.distances.rows()
        if break_ > 0
    )
    without = "none between these elements; set metal_bonds or bonds (--bond) to define some"
    lines.append(f"bonds form below / break above (Å): {bonds or without}")
    return lines


def as_dict(result: SpeciesResult) -> dict[str, Any]:
    """Return plain values for a program."""
    followed = result.followed()
    return {
        "frames": result.frames,
        "first_step": result.first_step,
        "last_step": result.last_step,
        "timestep_fs": result.timestep,
        "atoms": result.n_atoms,
        "composition": result.composition,
        "follow": result.follow,
        "events": result.events,
        "followed_at_end": {n: c for n, c in result.lives.counts.items() if n in followed},
        "different_species": len(result.lives.species),
        "different_reactions": len(result.reactions.seen),
        "bonds": {
            pair: {"forms_below": form, "breaks_above": break_}
            for pair, form, break_ in result.distances.rows()
        },
        "ended": result.ended,
    }
