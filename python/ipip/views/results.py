"""What a run leaves for people: summary, the student to use, the report."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipip.config.run import RunSettings
from ipip.errors import InputError, IpipError
from ipip.records.config_lock import read_settings
from ipip.records.integrity import require_whole
from ipip.records.manifest import Manifest, read_manifests
from ipip.records.run_folder import RunFolder
from ipip.report import ReportContent, write_report
from ipip.stages.finetune import FINETUNE
from ipip.storage.atomic import replaced_file
from ipip.storage.digest import file_digest
from ipip.storage.json_file import write_json
from ipip.storage.lock import hold_lock
from ipip.views.outcomes import evaluated_rounds
from ipip.views.report_data import gather_content
from ipip.views.summary import summarise


@dataclasses.dataclass(frozen=True)
class Results:
    """All that is written, gathered before the first file is touched.

    Attributes:
        summary: of the run.
        student: file of the student to use.
        student_digest: of that file when its stage was done.
        content: of the report.
    """

    summary: dict[str, Any]
    student: Path
    student_digest: str
    content: ReportContent


def gather_results(
    run: RunFolder,
    manifests: Mapping[str, Manifest],
    settings: RunSettings,
    budget: str | None = None,
) -> Results:
    """Gather the results of a run's finished stages; nothing is written.

    Args:
        run: the run folder.
        manifests: of the stages that count.
        settings: of the run.
        budget: the budget that ended the run, if one did.

    Raises:
        InputError: no round is finished.
        IpipError: a stage or a file that a stage made is missing or damaged.
    """
    if not evaluated_rounds(manifests):
        raise InputError(f"{run.root}: no round is finished yet; `ipip run` continues the run")
    require_whole(run, manifests)
    summary = summarise(manifests, settings, budget)
    identity = FINETUNE.of(summary["best_round"])
    return Results(
        summary=summary,
        student=run.stage(identity) / FINETUNE.record.STUDENT,
        student_digest=manifests[identity].outputs[FINETUNE.record.STUDENT].digest,
        content=gather_content(run, manifests, summary),
    )


def write_results_again(root: Path) -> Path:
    """Write summary and report of the run folder `root`, while nothing else writes there.

    Returns:
        The path of the report's page.

    Raises:
        InputError: no round is finished, or it is not a run folder.
        IpipError: a driver works on it, and writes these itself after each round.
    """
    run = RunFolder(root)
    run.require()
    with hold_lock(run.lock, "report"):
        return write_results(root)


def write_results(root: Path, budget: str | None = None) -> Path:
    """Write summary.json, best/student.pt and the report; return the report's page.

    The caller holds the run's lock. What was there before stays as it is unless everything that is
    needed can be read and is what the stages wrote.

    Args:
        root: the run folder.
        budget: the budget that ended the run, if one did.

    Raises:
        InputError: no round is finished, or it is not a run folder.
        IpipError: a stage or a file that a stage made is missing or damaged.
    """
    run = RunFolder(root)
    run.require()
    return write_gathered(run, gather_results(run, read_manifests(run), read_settings(run), budget))


def write_gathered(run: RunFolder, results: Results) -> Path:
    """Write what `gather_results` returned; return the report's page.

    Raises:
        IpipError: the copy of the student is not what its stage wrote; the one before stays.
    """
    run.best_student.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(run.best_student) as temporary:
        shutil.copyfile(results.student, temporary)
        if file_digest(temporary) != results.student_digest:  # the copy, too, may go wrong
            raise IpipError(
                f"{results.student}: the copy for {run.best_student} is not what was written; "
                f"{run.best_student} was left as it was: look at the disk and run the command again"
            )
    write_json(run.summary, results.summary)
    return write_report(results.content, run.report)
