"""The results of a run for people: summary, the student to use, the report."""

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
from ipip.report import ReportData, write_report
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
    """All results, gathered before the first file is written.

    Attributes:
        summary: of the run.
        student: file of the student to use.
        student_digest: of that file when its stage finished.
        content: of the report.
    """

    summary: dict[str, Any]
    student: Path
    student_digest: str
    content: ReportData


def gather_results(
    run: RunFolder,
    manifests: Mapping[str, Manifest],
    settings: RunSettings,
    budget: str | None = None,
) -> Results:
    """Gather the results of a run's finished stages without writing.

    Args:
        run: the run folder.
        manifests: of the finished stages.
        settings: of the run.
        budget: the budget that ended the run, if one did.

    Raises:
        InputError: no round is finished.
        IpipError: a stage or one of its files is missing or damaged.
    """
    if not evaluated_rounds(manifests):
        raise InputError(f"{run.root}: no round is finished yet; `ipip run` continues the run")
    require_whole(run, manifests)
    summary = summarise(manifests, settings, budget)
    stage_id = FINETUNE.of(summary["best_round"])
    return Results(
        summary=summary,
        student=run.stage(stage_id) / FINETUNE.record.STUDENT,
        student_digest=manifests[stage_id].outputs[FINETUNE.record.STUDENT].digest,
        content=gather_content(run, manifests, summary),
    )


def write_results_again(root: Path) -> Path:
    """Write summary and report of the run folder `root` while holding its lock.

    Returns:
        The path of the report's page.

    Raises:
        InputError: no round is finished, or it is not a run folder.
        IpipError: a driver works on it; it writes these itself after each round.
    """
    run = RunFolder(root)
    run.require()
    with hold_lock(run.lock, "report"):
        return write_results(root)


def write_results(root: Path, budget: str | None = None) -> Path:
    """Write summary.json, best/student.pt and the report; return the report's page.

    The caller holds the run's lock. Earlier results stay unchanged unless all inputs can be read
    and are undamaged.

    Args:
        root: the run folder.
        budget: the budget that ended the run, if one did.

    Raises:
        InputError: no round is finished, or it is not a run folder.
        IpipError: a stage or one of its files is missing or damaged.
    """
    run = RunFolder(root)
    run.require()
    return write_gathered(run, gather_results(run, read_manifests(run), read_settings(run), budget))


def write_gathered(run: RunFolder, results: Results) -> Path:
    """Write what `gather_results` returned; return the report's page.

    Raises:
        IpipError: the copy of the student differs from the stage's file; the earlier copy stays.
    """
    run.best_student.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(run.best_student) as temporary:
        shutil.copyfile(results.student, temporary)
        if file_digest(temporary) != results.student_digest:  # copying may fail silently
            raise IpipError(
                f"{results.student}: the copy for {run.best_student} differs from it; "
                f"{run.best_student} was not changed: check the disk and run the command again"
            )
    write_json(run.summary, results.summary)
    return write_report(results.content, run.report)
