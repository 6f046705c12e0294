"""The summary of a run as Markdown, verdict first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ipip.report.content import ReportData
from ipip.report.table import HEADER, describe_speed, table_rows


def render_markdown(content: ReportData, pictures: Sequence[tuple[str, str]]) -> str:
    """Return the report's text.

    Args:
        content: of the report.
        pictures: file name and caption of each picture.
    """
    summary = content.summary
    test = summary["teacher"]["test"]
    lines = [
        "# Summary",
        "",
        f"**{summary['verdict']}** {describe_speed(summary)}",
        "",
        *_table([name.replace("\n", " ") for name in HEADER], table_rows(summary)),
        "",
        f"Errors are on {test['n_frames']} held-out reference frames ({test['n_atoms']} "
        "atoms). The teacher's energies include the energy shift fitted to the "
        "training frames. Failed runs are student MD runs in LAMMPS that left their bounds; "
        "the interval is Wilson's. Speeds were measured on the same box, with one thread. "
        "Frames: those of the pretraining set.",
        "",
    ]
    lines += _elements(summary)
    if content.notes:
        lines += ["## Notes", "", *(f"- {note}" for note in content.notes), ""]
    if pictures:
        lines += ["## Pictures", ""]
        for name, caption in pictures:
            lines += [f"![{caption}]({name})", ""]
    return "\n".join(lines).rstrip() + "\n"


def _elements(summary: dict[str, Any]) -> list[str]:
    models = [("teacher", summary["teacher"]["test"])]
    models += [(f"student {entry['round']}", entry["test"]) for entry in summary["rounds"]]
    symbols = sorted(models[0][1].get("by_element", {}))
    if not symbols:
        return []
    rows = [
        (name, *(f"{test['by_element'][s]['force_mae_ev_per_a']:.3f}" for s in symbols))
        for name, test in models
    ]
    return ["## Force MAE by element (eV/Å)", "", *_table(("model", *symbols), rows), ""]


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + " --- |" * len(header)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]
