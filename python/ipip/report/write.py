"""Writes a run's report: a Markdown file and its pictures."""

from __future__ import annotations

from pathlib import Path

from ipip.report.content import ReportContent
from ipip.report.markdown import render_markdown
from ipip.report.plots import plot_composition, plot_errors, plot_failures, plot_parity


def write_report(content: ReportContent, folder: Path) -> Path:
    """Write ``summary.md`` and PNG pictures into `folder`; return the path of the text."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures: list[tuple[str, str]] = []
    plot_errors(content.summary, folder / "errors.png")
    pictures.append(("errors.png", "Force and energy error by round"))
    if content.parity:
        plot_parity(content.parity, folder / "parity.png")
        pictures.append(("parity.png", "Predicted against reference forces"))
    plot_failures(content.summary, content.failure_causes, folder / "failures.png")
    pictures.append(("failures.png", "Failed student MD runs by round"))
    if content.compositions:
        plot_composition(content.compositions, folder / "composition.png")
        pictures.append(("composition.png", "Pretraining set by origin"))
    path = folder / "summary.md"
    partial = path.with_name(".summary.md.part")
    partial.write_text(render_markdown(content, pictures), encoding="utf-8")
    partial.replace(path)
    return path
