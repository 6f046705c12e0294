"""The pretraining sets: kept, forgotten and new frames, their origins, and label drift."""

from __future__ import annotations

from typing import Any

from ipip.pages.numbers import THREE_DIGITS
from ipip.report.content import ReportData
from ipip.report.figures.figure import (
    CAUSES,
    STUDENTS,
    TEACHER,
    Figure,
    axis,
    round_axis,
    two_panels,
)


def frame_figures(content: ReportData) -> list[Figure]:
    """Return the figures on frames and labels that the results allow."""
    figures = [turnover(content)]
    if content.compositions:
        figures.append(origins(content))
    if content.drift:
        figures.append(drift(content))
    if content.harvests:
        figures.append(harvests(content))
    return figures


def turnover(content: ReportData) -> Figure:
    """Draw frames kept, new and forgotten by round."""
    entries = content.summary["rounds"]
    rounds = [entry["round"] for entry in entries]
    traces = [
        {
            "type": "bar",
            "name": name,
            "x": rounds,
            "y": [sign * entry[name] for entry in entries],
            "marker": {"color": colour},
            "customdata": [entry[name] for entry in entries],
            "hovertemplate": "round %{x}: %{customdata} " + name + "<extra></extra>",
        }
        for name, sign, colour in (
            ("kept", 1, STUDENTS[1]),
            ("new", 1, STUDENTS[2]),
            ("forgotten", -1, CAUSES[0]),
        )
    ]
    return Figure(
        "frames-by-round",
        "Frames kept, forgotten and new",
        "Above zero: frames on which the round's student is pretrained. Below: removed frames.",
        traces,
        {"barmode": "relative", "xaxis": round_axis(rounds), "yaxis": axis("frames")},
        ("round", "kept", "forgotten", "new", "started from round", "rolled back"),
        [
            (e["round"], e["kept"], e["forgotten"], e["new"], e.get("base"), e.get("rolled_back"))
            for e in entries
        ],
    )


def origins(content: ReportData) -> Figure:
    """Draw each pretraining set by the explorations of its frames."""
    rounds = list(range(len(content.compositions)))
    names = sorted({name for entry in content.compositions for name in entry})
    traces = [
        {
            "type": "bar",
            "name": "teacher MD" if name == "round 0" else f"student MD, {name}",
            "x": rounds,
            "y": [entry.get(name, 0) for entry in content.compositions],
            "marker": {"color": TEACHER if number == 0 else STUDENTS[number % len(STUDENTS)]},
            "hovertemplate": "round %{x}: %{y} frames<extra>" + name + "</extra>",
        }
        for number, name in enumerate(names)
    ]
    rows = [
        (index, name, count)
        for index, entry in enumerate(content.compositions)
        for name, count in sorted(entry.items())
    ]
    return Figure(
        "frames-by-origin",
        "Pretraining set by origin",
        "By the exploration that produced the frames.",
        traces,
        {"barmode": "stack", "xaxis": round_axis(rounds), "yaxis": axis("frames")},
        ("round", "origin", "frames"),
        rows,
    )


def drift(content: ReportData) -> Figure:
    """Draw the changes of the kept frames' labels by relabelling."""
    rounds = [entry.round for entry in content.drift]
    traces: list[dict[str, Any]] = [
        {
            "type": "bar",
            "x": rounds,
            "y": values,
            "xaxis": f"x{suffix}",
            "yaxis": f"y{suffix}",
            "showlegend": False,
            "width": 0.5,
            "marker": {"color": STUDENTS[number]},
            "hovertemplate": f"round %{{x}}: %{{y:{THREE_DIGITS}}} {unit}" + "<extra></extra>",
        }
        for number, (values, suffix, unit) in enumerate(
            (
                ([entry.forces for entry in content.drift], "", "eV/Å"),
                ([entry.energy for entry in content.drift], "2", "meV/atom"),
            )
        )
    ]
    layout = two_panels(
        {"x": round_axis(rounds), "y": axis("change of forces (eV/Å)")},
        {"x": round_axis(rounds), "y": axis("change of energy (meV/atom)")},
    )
    layout["xaxis"]["domain"], layout["xaxis2"]["domain"] = [0.0, 0.4], [0.6, 1.0]
    layout["showlegend"] = False
    return Figure(
        "label-drift",
        "Label drift",
        "Mean absolute change of the kept frames' labels by relabelling. Labels that keep drifting "
        "away from the teacher, without a gain on the reference, are a bad sign.",
        traces,
        layout,
        ("round", "forces (eV/Å)", "energy (meV/atom)", "fraction labelled by the student"),
        [(entry.round, entry.forces, entry.energy, entry.trusted) for entry in content.drift],
    )


def harvests(content: ReportData) -> Figure:
    """Draw the outcome of the harvest's candidates."""
    rounds = [harvested.round for harvested in content.harvests]
    reasons = sorted({reason for harvested in content.harvests for reason in harvested.left})
    names = ["selected", *reasons]
    table = [
        [harvested.taken, *(harvested.left.get(reason, 0) for reason in reasons)]
        for harvested in content.harvests
    ]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": name if name == "selected" else f"rejected: {name}",
            "y": [f"round {index}" for index in rounds],
            "x": [row[number] for row in table],
            "marker": {"color": STUDENTS[2] if number == 0 else CAUSES[number % len(CAUSES)]},
            "hovertemplate": "%{y}: %{x} " + name + "<extra></extra>",
        }
        for number, name in enumerate(names)
    ]
    return Figure(
        "harvest",
        "Outcome of the candidates",
        "Candidates among the frames of student MD in each harvest, and why they were selected or "
        "rejected.",
        traces,
        {
            "barmode": "stack",
            "xaxis": axis("candidates"),
            "yaxis": axis("", type="category", autorange="reversed", showgrid=False),
        },
        ("round", *names),
        [(index, *row) for index, row in zip(rounds, table, strict=True)],
    )
