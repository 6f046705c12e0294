"""Writes a run's report: one HTML page, and a Markdown file with its pictures."""

from __future__ import annotations

from pathlib import Path

from ipip.report.content import ReportData
from ipip.report.markdown import render_markdown
from ipip.report.page import render_page
from ipip.storage.atomic import write_text


def write_report(content: ReportData, folder: Path) -> Path:
    """Write the page of a run.

    Args:
        content: of the report.
        folder: gets ``report.html``, ``summary.md`` and PNG pictures.

    Returns:
        The path of the page.
    """
    # Imported here: it loads matplotlib, which `ipip status` does not need.
    from ipip.report.plots import plot_composition, plot_errors, plot_failures, plot_parity

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
    write_text(folder / "summary.md", render_markdown(content, pictures))
    page = folder / "report.html"
    write_text(page, render_page(content, f"ipip report: {folder.absolute().parent.name}"))
    return page
