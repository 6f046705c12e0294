"""Write the README's figures of speed from the recorded results: python -m benchmarks.readme."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.pair.record import BENCHMARK, KERNELS, RATIO
from benchmarks.results import Result, Row, read_results

README = Path(__file__).resolve().parents[1] / "README.md"
BEGIN = "<!-- speed: written by python -m benchmarks.readme -->"
END = "<!-- end of speed -->"
BOXES = {"dense": "dense Mo-S-O", "S2 gas": "S2 gas"}  # of the results, as the README calls them


def speed_text(results: Mapping[str, Sequence[Result]]) -> str:
    """Return a line for each machine: what the usual student takes, and the range of ratios.

    Args:
        results: by machine.
    """
    lines = []
    for machine, own in results.items():
        for result in own:
            if result.benchmark == BENCHMARK:
                parts = "; ".join(_boxes(result.rows))
                beside = _beside(result.machine.load)
                where = f"{result.machine.processor} ({machine}), one core"
                lines.append(f"- {where}, CPU time{beside}: {parts}.")
    return "\n".join(lines)


def _beside(load: float | None) -> str:
    """Say how busy the machine was, where more than the measurement itself ran on it."""
    return "" if load is None or load < 1.5 else f" (busy machine, load {load:.0f})"


def _boxes(rows: Sequence[Row]) -> Iterator[str]:
    for box, words in BOXES.items():
        own = [row for row in rows if row.sizes["box"] == box]
        usual = [row for row in own if (row.sizes["channels"], row.sizes["layers"]) == (64, 2)]
        if usual:
            ratios = [row.figures[RATIO] for row in own]
            yield (
                f"{words} ({usual[0].sizes['neighbours']:.0f} neighbours) "
                f"{usual[0].figures[KERNELS]:.1f} µs per atom and step, "
                f"{min(ratios):.1f} to {max(ratios):.1f} times faster than TorchScript over "
                f"{len(own)} sizes of student"
            )


def with_speed(text: str, speed: str) -> str:
    """Return the README's text with what stands between the markers replaced.

    Raises:
        ValueError: the markers are missing.
    """
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"README.md: expected the lines {BEGIN!r} and {END!r}")
    return f"{head}{begin}\n{speed}\n{end}{tail}"


def main() -> int:
    """Write the README."""
    text = README.read_text(encoding="utf-8")
    README.write_text(with_speed(text, speed_text(read_results())), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
