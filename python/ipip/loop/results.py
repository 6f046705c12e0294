"""What a run leaves for people: summary, ledger, the student to use, the report."""

from __future__ import annotations

import shutil
from pathlib import Path

from ipip.data.atomic import replaced_file
from ipip.data.lock import hold_lock
from ipip.loop.contents import gather_content
from ipip.loop.course import spent
from ipip.loop.folder import RunFolder, stage_id
from ipip.loop.ledger import write_ledger
from ipip.loop.manifest import read_manifests
from ipip.loop.next_round import budget_is_spent
from ipip.loop.rules import read_rules
from ipip.loop.storage import write_json
from ipip.loop.summary import make_summary
from ipip.report import write_report


def write_results_again(root: Path) -> Path:
    """Do `write_results` while nothing else writes the run folder, as `ipip report` does.

    Raises:
        InputError: no round is finished, or it is not a run folder.
        IpipError: a driver works on it, and writes these itself after each round.
    """
    run = RunFolder(root)
    run.require()
    with hold_lock(run.lock, "report"):
        return write_results(root)


def write_results(root: Path, budget: str | None = None) -> Path:
    """Write summary.json, ledger.csv, best/student.pt and the report; return the report's page.

    The caller holds the run's lock.

    Args:
        root: the run folder.
        budget: the budget that ended the run, if one did.

    Raises:
        InputError: no round is finished, or it is not a run folder.
    """
    run = RunFolder(root)
    run.require()
    manifests = read_manifests(run)
    rules = read_rules(run)
    if budget is None:
        budget = budget_is_spent(spent(manifests), rules.stop)
    summary = make_summary(manifests, rules.stop, rules.rounds, budget)
    write_json(run.summary, summary)
    write_ledger(run, manifests, rules.stop)
    best = run.stage(stage_id(summary["best_round"], "40_finetune")) / "student.pt"
    run.best_student.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(run.best_student) as temporary:
        shutil.copyfile(best, temporary)
    return write_report(gather_content(run, manifests, summary), run.report)
