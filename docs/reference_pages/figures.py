"""Tables of benchmarks and studies, from the JSON files that their commands wrote."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.results import Result, markdown_table, table, tables

EVIDENCE = Path(__file__).resolve().parents[1] / "evidence"
STUDIES = {  # file: what it is of
    "mo-s-o": "Mo-S-O, 36 CP2K labels",
    "mo-s-o-core": "Mo-S-O, 36 CP2K labels, students with the core",
    "mo-s-o-ablations": "Mo-S-O, ablations",
    "mos2": "MoS2",
    "gfn1": "Mo-S-O, thousands of GFN1-xTB labels",
    "uncertainty": "Expected errors in the loop",
    "students": "Students that are pretrained once",
}


class EmptyStudyError(Exception):
    """A file of evidence lacks arms, seeds or errors."""


Results = Mapping[str, Sequence[Result]]


def benchmark_tables(results: Results) -> str:
    """Return the tables of all results, machines side by side."""
    return tables(results) if results else "No machine has results in benchmarks/results yet.\n"


def machine_tables(results: Results) -> dict[str, str]:
    """Return the table of each benchmark on each machine, by the file that pages include."""
    return {
        f"{result.benchmark}-{machine}.txt": "\n".join(table({machine: result})) + "\n"
        for machine, own in results.items()
        for result in own
    }


def study_tables() -> str:
    """Return a table of arms for each study of docs/evidence.

    Raises:
        EmptyStudyError: a file has no arms, or an arm no seeds or no errors.
    """
    lines: list[str] = []
    for name, title in STUDIES.items():
        study = json.loads((EVIDENCE / f"{name}.json").read_text(encoding="utf-8"))
        lines += [f"## {title}", "", *_study(name, study), ""]
    return "\n".join(lines)


def _study(name: str, study: dict[str, Any]) -> Iterator[str]:
    arms = study.get("arms") or []
    if not arms or any(not arm["seeds"] or not arm["tests"] for arm in arms):
        raise EmptyStudyError(f"{EVIDENCE / name}.json: expected arms with seeds and errors")
    sets = list(arms[0]["tests"])
    heads = [f"force MAE, {own} (eV/Å)" for own in sets]
    runs = study["runs"]
    finished = f"{runs['finished']} of {runs['wanted']} runs"
    yield f"{finished}, ipip {study['versions']['ipip']}."
    yield ""
    rows = []
    for arm in arms:
        errors = [f"{arm['tests'][own]['force_mae_ev_per_a']['mean']:.3f}" for own in sets]
        failures = arm.get("failures")
        failed = f"{failures['failed']} of {failures['total']}" if failures else ""
        rows.append([arm["name"], str(len(arm["seeds"])), *errors, failed])
    yield from markdown_table(["arm", "seeds", *heads, "failed runs"], rows)
    # A study of many arms concludes in hundreds of words.
    yield from ("", ":::{dropdown} What can be concluded")
    yield from (f"- {part.rstrip('.')}." for part in study["verdict"].split(". "))
    yield ":::"


def _interval(one: dict[str, Any]) -> str:
    return f"{one['difference']:+.3f} [{one['low']:+.3f}, {one['high']:+.3f}]"


def differences_table(name: str) -> str:
    """Return a table of a study's arms with the differences to their baselines on each test set.

    Args:
        name: of the file in docs/evidence, without suffix.

    Raises:
        EmptyStudyError: the file has no arms or no comparisons.
    """
    study = json.loads((EVIDENCE / f"{name}.json").read_text(encoding="utf-8"))
    arms, comparisons = study.get("arms"), study.get("comparisons")
    if not arms or not comparisons:
        raise EmptyStudyError(f"{EVIDENCE / name}.json: expected arms and comparisons")
    sets = list(comparisons)
    heads = ["arm", "against"]
    heads += [head for own in sets for head in (f"{own}, eV/Å", "difference")]
    heads += ["failed runs", "teacher calls"]
    rows = []
    for arm in arms:
        against, cells = "", []
        for own in sets:
            cells.append(f"{arm['tests'][own]['force_mae_ev_per_a']['mean']:.3f}")
            found = [one for one in comparisons[own] if one["arm"] == arm["name"]]
            for one in found:
                against = one["baseline"]
            cells.append("".join(_interval(one) for one in found))
        failures = arm["failures"]
        cells += [f"{failures['failed']} of {failures['total']}"]
        cells += [f"{sum(arm['teacher_calls']) / len(arm['teacher_calls']):.0f}"]
        rows.append([arm["name"], against, *cells])
    return "\n".join(markdown_table(heads, rows)) + "\n"
