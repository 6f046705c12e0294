"""Runs the checks on potentials and writes page and JSON."""

from __future__ import annotations

import dataclasses
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ipip.physics.check import PhysicsCheck
from ipip.physics.listing import CHECKS
from ipip.physics.outcome import Outcome
from ipip.physics.report import PhysicsReport, described_structures, plain_report
from ipip.physics.subject import Subject
from ipip.storage.atomic import write_text

Progress = Callable[[str], None]
PAGE, TABLE = "physics.html", "physics.json"


def check_physics(
    subject: Subject,
    *,
    quick: bool = False,
    checks: Sequence[PhysicsCheck] = CHECKS,
    progress: Progress | None = None,
) -> PhysicsReport:
    """Run checks on a potential; a check that raises an error fails, and the others still run.

    Args:
        subject: the potential, see `physics_subject`.
        quick: use fewer points and shorter runs.
        checks: to run, in order.
        progress: called with the title of each check before it runs.

    Returns:
        The report.
    """
    outcomes = []
    for check in checks:
        if progress is not None:
            progress(check.title)
        outcomes.append(_outcome(check, subject, quick))
    return PhysicsReport(
        name=subject.name,
        outcomes=tuple(outcomes),
        provenance=subject.provenance,
        structures=described_structures(subject),
        made_up=subject.made_up,
        quick=quick,
    )


def _outcome(check: PhysicsCheck, subject: Subject, quick: bool) -> Outcome:
    begun = time.perf_counter()
    try:
        outcome = check.measure(subject, quick)
    except Exception as error:  # a report names any error of a calculator
        lines = str(error).splitlines()
        note = f"raised {type(error).__name__}: {lines[0] if lines else ''}"
        outcome = Outcome(check.name, note=note, raised=True)
    return dataclasses.replace(outcome, seconds=time.perf_counter() - begun)


def run_physics(
    subjects: Sequence[Subject],
    folder: Path,
    *,
    quick: bool = False,
    checks: Sequence[PhysicsCheck] = CHECKS,
    progress: Progress | None = None,
) -> list[PhysicsReport]:
    """Check several potentials and write `physics.html` and `physics.json` into a folder.

    Args:
        subjects: the potentials.
        folder: for page and table; created if needed.
        quick: use fewer points and shorter runs.
        checks: to run, in order.
        progress: called with potential and check before each.

    Returns:
        The reports, in order.
    """
    from ipip.physics.page import write_page

    reports = []
    for subject in subjects:

        def report_title(title: str, name: str = subject.name) -> None:
            if progress is not None:
                progress(f"{name}: {title}")

        reports.append(check_physics(subject, quick=quick, checks=checks, progress=report_title))
    folder.mkdir(parents=True, exist_ok=True)
    plain = {
        "verdict": " ".join(report.verdict for report in reports),
        "holds": not any(report.failed for report in reports),
        "potentials": [plain_report(report) for report in reports],
    }
    write_text(folder / TABLE, json.dumps(plain, indent=1, allow_nan=False) + "\n")
    write_page(reports, folder / PAGE)
    return reports
