"""The loop from settings to a finished run folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from ipip.config.run import RunSettings
from ipip.data.atomic import write_text
from ipip.errors import InputError
from ipip.loop.checks import check_inputs
from ipip.loop.disk import full_disk_explained
from ipip.loop.engine import find_done, run_stages, set_aside
from ipip.loop.folder import RunFolder
from ipip.loop.journal import append_event
from ipip.loop.lock import hold_lock
from ipip.loop.reporter import Reporter, SilentReporter
from ipip.loop.results import write_results
from ipip.loop.sequence import build_stages
from ipip.loop.stage import Stage
from ipip.loop.storage import read_json

LAST_OF_ROUND = "50_evaluate"


def run_loop(
    settings: RunSettings,
    folder: Path,
    *,
    reporter: Reporter | None = None,
    from_stage: str | None = None,
    donors: Sequence[Path] = (),
) -> dict[str, Any]:
    """Run all rounds in `folder`, or continue there; return the summary.

    Args:
        settings: with absolute paths (as `load_settings` gives them).
        folder: the run folder; made if needed.
        reporter: is told the progress.
        from_stage: name of a stage (``round_001/15_harvest``) whose results, with all later ones,
            are set aside (not deleted) and computed again.
        donors: other run folders; a stage that one of them finished from the same settings and
            inputs is taken over instead of computed.

    Raises:
        InputError: wrong settings or files, a folder that holds something else, or changed settings
            for stages that are done.
        IpipError: another driver works on the folder, or a stage failed; finished stages are kept.
    """
    reporter = reporter or SilentReporter()
    run = RunFolder(folder.absolute())
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose another run folder with --dir")
    if folder.exists() and any(folder.iterdir()) and not run.config_lock.exists():
        foreign = [
            path.name for path in folder.iterdir() if path.name not in {".lock", "journal.jsonl"}
        ]
        if foreign:
            raise InputError(
                f"{folder}: holds other files ({foreign[0]}) and is no run folder; choose a "
                "new folder with --dir"
            )
    check_inputs(settings)
    with full_disk_explained(run.root), hold_lock(run.lock):
        stages = build_stages(settings)
        if from_stage is not None:
            aside = set_aside(run, stages, from_stage)
            if aside is not None:
                reporter.message(f"set aside in {aside}")
        find_done(run, stages)  # refuses changed settings before anything is written
        _write_config(run, settings)
        append_event(run.journal, "run_started", stages=len(stages))
        run_stages(
            run, stages, reporter, after_stage=lambda stage: _round_done(run, stage), donors=donors
        )
        report = write_results(run.root)
        append_event(run.journal, "run_finished")
        reporter.message(f"report: {report}")
    summary: dict[str, Any] = read_json(run.summary)
    return summary


def _round_done(run: RunFolder, stage: Stage) -> None:
    if stage.name == LAST_OF_ROUND:
        write_results(run.root)


def _write_config(run: RunFolder, settings: RunSettings) -> None:
    text = yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
    write_text(run.config_lock, text)
