"""A picture of the speed over the number of atoms, as SVG."""

from __future__ import annotations

import math
from typing import Any

WIDTH, HEIGHT, EDGE = 640, 420, 60
BARS = {"pair": 0.10, "step": 0.30}  # target, µs an atom and step
COLOURS = {"pair": "#1f77b4", "step": "#d62728", "PyTorch": "#7f7f7f"}


def draw(speed: list[dict[str, Any]], rival: list[dict[str, Any]], title: str) -> str:
    """Return the picture: µs an atom and step of the pair style and of LAMMPS' whole step."""
    curves = {
        "pair": [(run["atoms"], run["pair_us_per_atom"]) for run in speed],
        "step": [(run["atoms"], run["step_us_per_atom"]) for run in speed],
        "PyTorch": [(run["atoms"], run["step_us_per_atom"]) for run in rival],
    }
    points = [point for curve in curves.values() for point in curve if point[1] > 0]
    if not points:
        return ""
    xs, ys = zip(*points, strict=True)
    low_x, high_x = math.floor(math.log10(min(xs))), math.ceil(math.log10(max(xs) * 1.01))
    low_y, high_y = math.floor(math.log10(min(*ys, 0.1))), math.ceil(math.log10(max(ys) * 1.01))

    def at(x: float, y: float) -> tuple[float, float]:
        along = (math.log10(x) - low_x) / max(1, high_x - low_x)
        up = (math.log10(y) - low_y) / max(1, high_y - low_y)
        return EDGE + along * (WIDTH - 2 * EDGE), HEIGHT - EDGE - up * (HEIGHT - 2 * EDGE)

    parts = [f'<text x="{EDGE}" y="24" font-size="14">{title}</text>']
    for power in range(low_x, high_x + 1):
        x, y = at(10**power, 10**low_y)
        parts.append(f'<line x1="{x}" x2="{x}" y1="{EDGE}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">10^{power} atoms</text>')
    for power in range(low_y, high_y + 1):
        x, y = at(10**low_x, 10**power)
        parts.append(f'<line x1="{x}" x2="{WIDTH - EDGE}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 6}" y="{y}" text-anchor="end">{10.0**power:g} µs</text>')
    for name, bar in BARS.items():
        (x, y), (end, _) = at(10**low_x, bar), at(10**high_x, bar)
        parts.append(
            f'<line x1="{x}" x2="{end}" y1="{y}" y2="{y}" stroke="{COLOURS[name]}"'
            ' stroke-dasharray="4"/>'
        )
    for k, (name, curve) in enumerate(curves.items()):
        line = " ".join("{:.1f},{:.1f}".format(*at(*point)) for point in curve if point[1] > 0)
        colour = COLOURS[name]
        parts.append(f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.append(
            f'<text x="{WIDTH - EDGE}" y="{EDGE + 16 * k}" text-anchor="end" fill="{colour}">'
            f"{name}, an atom and step</text>"
        )
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}" '
        f'font-family="sans-serif" font-size="11">\n<rect width="100%" height="100%" fill="white"/>'
        f"\n{body}\n</svg>\n"
    )
