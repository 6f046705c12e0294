"""The loop from settings to a finished run folder."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ipip.config.execution import WORKS
from ipip.config.run import RunSettings
from ipip.decisions.next_round import budget_is_spent
from ipip.errors import InputError
from ipip.execution.executor import Executor, open_executor
from ipip.execution.record import FOLDER
from ipip.loop.checks import check_inputs
from ipip.loop.schedule import Schedule, build_schedule
from ipip.pipeline.discard import from_stage_on, set_aside, stages_on_disk
from ipip.pipeline.execute import run_stage
from ipip.pipeline.reporter import Reporter, SilentReporter
from ipip.pipeline.reuse import take_over
from ipip.pipeline.validity import Validity, read_started, validity_of
from ipip.pipeline.watch import WatchedReporter
from ipip.records.config_lock import write_config_lock
from ipip.records.folder_format import require_format
from ipip.records.journal import append_event
from ipip.records.manifest import Manifest, UnreadableManifestError, survey_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.evaluate import EVALUATE
from ipip.stages.rounds import RoundFactory
from ipip.storage.disk_space import full_disk_explained, stages_kept
from ipip.storage.json_file import read_json
from ipip.storage.lock import hold_lock
from ipip.views.outcomes import evaluated_rounds, spent
from ipip.views.results import write_results
from ipip.views.status import read_status

OWN = tuple(work for work in WORKS if work != "arms")  # kinds of work of one run
Confirm = Callable[[str], bool]


def run_loop(
    settings: RunSettings,
    folder: Path,
    *,
    reporter: Reporter | None = None,
    from_stage: str | None = None,
    confirm: Confirm | None = None,
    donors: Sequence[Path] = (),
) -> dict[str, Any]:
    """Run all rounds in `folder`, or continue there; return the summary.

    Args:
        settings: with absolute paths (as `load_settings` gives them).
        folder: the run folder; created if needed.
        reporter: receives the progress.
        from_stage: name of a stage (``round_001/15_harvest``) whose results, with all later ones,
            are set aside (not deleted) and computed again.
        confirm: called with a list of finished stages that no longer fit the settings (as text);
            returns whether to set them aside; None: they are refused.
        donors: other run folders; a stage that one of them finished from the same settings and
            inputs is copied instead of computed.

    Raises:
        InputError: wrong settings or files, a folder with other content, or changed settings
            for finished stages without confirmation.
        IpipError: another driver works on the folder, or a stage failed; finished stages are kept.
    """
    run = RunFolder(folder.absolute())
    _require_own_folder(run, folder)
    inputs = check_inputs(settings)
    with full_disk_explained(run.root, stages_kept), hold_lock(run.lock, "run"):
        watched = WatchedReporter(reporter or SilentReporter(), run.progress)
        for concern in inputs.concerns:
            watched.message(f"warning: {concern}")
        again = [] if from_stage is None else from_stage_on(run, from_stage)
        try:
            with open_executor(settings.execution, run.root, watched.message, OWN) as executor:
                _drive(run, settings, confirm, watched, donors, again, executor)
        finally:
            watched.finished()
    summary: dict[str, Any] = read_json(run.summary)
    return summary


def _drive(
    run: RunFolder,
    settings: RunSettings,
    confirm: Confirm | None,
    reporter: Reporter,
    donors: Sequence[Path],
    again: Sequence[str],
    executor: Executor,
) -> None:
    factory = RoundFactory(settings)
    done = _valid_stages(run, factory, confirm, reporter, again)
    write_config_lock(run, settings)
    append_event(run.journal, "run_started", stages=len(_schedule(factory, done).stages))
    if evaluated_rounds(done) and not run.summary.exists():  # later stages were set aside
        write_results(run.root)
    budget = _run(run, factory, done, reporter, donors, executor)
    report = write_results(run.root, budget)
    append_event(run.journal, "run_finished")
    reporter.message(f"report: {report}")


def _run(
    run: RunFolder,
    factory: RoundFactory,
    done: dict[str, Manifest],
    reporter: Reporter,
    donors: Sequence[Path],
    executor: Executor,
) -> str | None:
    """Run every unfinished stage in order; return the budget that ended the run."""
    rules = factory.settings.stop
    reported: set[str] = set()
    for stage_id in done:
        reporter.stage_skipped(stage_id)
    while True:
        schedule = _schedule(factory, done)
        rolled_back = schedule.next.rolled_back if schedule.next is not None else {}
        for index, reason in rolled_back.items():
            _report_once(reporter, reported, f"round {index} is rolled back: {reason}")
        certain = schedule.stages[: schedule.decided]
        ahead = [number for number, stage in enumerate(certain) if stage.stage_id not in done]
        if not ahead:
            if schedule.stop is not None:
                reporter.message(f"the run ends here: {schedule.stop}")
            return None
        stage = certain[ahead[0]]
        reused = take_over(run, stage, done, donors)
        if reused is not None:
            done[stage.stage_id] = reused
            reporter.message(f"{stage.stage_id} was copied from another run")
            continue
        budget = budget_is_spent(spent(done), rules, stage.stage.teacher_calls(factory.settings))
        if budget is not None:
            reporter.message(f"the run ends here, for now: {budget}")
            return budget
        index = stage.round.index
        if index > 0 and certain[ahead[0] - 1].round.index < index:
            _report_time_left(run, reporter)
        place = (ahead[0] + 1, len(schedule.stages))
        done[stage.stage_id] = run_stage(run, stage, done, reporter, place, executor)
        if EVALUATE.of(index) in done:
            write_results(run.root)


def _valid_stages(
    run: RunFolder,
    factory: RoundFactory,
    confirm: Confirm | None,
    reporter: Reporter,
    again: Sequence[str],
) -> dict[str, Manifest]:
    """Return the valid finished stages; set the others aside after confirmation.

    Those named in `again` are set aside without confirmation, once no other obstacle
    remains.
    """
    while True:
        survey = survey_manifests(run)
        schedule = _schedule(factory, survey.manifests)
        validity = validity_of(run, schedule.stages, survey.manifests, survey.unreadable)
        if not run.config_lock.exists():
            _require_same_run(run, validity)
        validity.invalid.update(_beyond(run, schedule, survey.unreadable, validity))
        others = {name: why for name, why in validity.invalid.items() if name not in again}
        if not others and not again:
            return validity.done
        if others:
            _agree(run, Validity(validity.done, others), confirm)
        names = sorted({*others, *again})
        aside = set_aside(run, names)
        reporter.message(f"{len(names)} stages are set aside in {aside}")
        again = ()


def _beyond(
    run: RunFolder,
    schedule: Schedule,
    unreadable: Mapping[str, UnreadableManifestError],
    validity: Validity,
) -> dict[str, str]:
    """Return the stages on the disk that the settings do not include but that cannot stay.

    A run with a reduced number of rounds keeps the later stages; results would be read from them.
    """
    scheduled = {stage.stage_id for stage in schedule.stages}
    first = min(validity.invalid, default=None)
    others = [name for name in stages_on_disk(run) if name not in scheduled]
    reasons = {
        name: f"its manifest {unreadable[name].reason}" for name in others if name in unreadable
    }
    if first is not None:
        reasons |= {n: f"comes after {first}" for n in others if n > first and n not in reasons}
    return reasons


def _require_same_run(run: RunFolder, validity: Validity) -> None:
    """Check that a folder without a record of its settings was made with these settings.

    Raises:
        InputError: none of its stages fits them.
    """
    on_disk = stages_on_disk(run)
    begun = any(read_started(run.stage(name)) is not None for name in on_disk)
    if validity.done or (not validity.invalid and (begun or not on_disk)):
        return
    reasons = validity.describe() or "  none of its stages is finished"
    raise InputError(
        f"{run.root}: {run.config_lock.name} is missing, and these settings differ from those of "
        f"the stages there:\n{reasons}\ngive the settings of that run, or a new folder "
        "with --dir"
    )


def _agree(run: RunFolder, validity: Validity, confirm: Confirm | None) -> None:
    text = (
        f"{run.root}: these finished stages no longer fit the settings and this version of ipip "
        f"more:\n{validity.describe()}"
    )
    first = next(iter(validity.invalid))
    if confirm is None:
        raise InputError(
            f"{text}\nset them aside with `ipip rewind {run.root} {first}` (`ipip run --yes` does "
            "so), and the same command computes them again; use a new folder with --dir; or "
            f"restore the old settings ({run.config_lock.name} has them)"
        )
    if not confirm(text):
        raise InputError(
            f"nothing was changed; use a new folder with --dir, or restore the old settings "
            f"({run.config_lock} has them)"
        )


def _schedule(factory: RoundFactory, manifests: dict[str, Manifest]) -> Schedule:
    settings = factory.settings
    return build_schedule(factory.round, manifests, settings.stop, settings.rounds)


def _require_own_folder(run: RunFolder, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose another run folder with --dir")
    require_format(folder)
    run.refuse_training()
    if folder.exists() and any(folder.iterdir()) and not run.config_lock.exists():
        own = {run.lock.name, run.journal.name, run.progress.name, FOLDER}
        foreign = [path.name for path in folder.iterdir() if path.name not in own]
        lost = any(folder.glob("round_[0-9]*/[0-9]*_*/*.json"))  # a run without its settings
        if foreign and not lost:
            raise InputError(
                f"{folder}: holds other files ({foreign[0]}) and is not a run folder; choose a "
                "new folder with --dir"
            )


def _report_time_left(run: RunFolder, reporter: Reporter) -> None:
    left = read_status(run.root).left_s
    if left is not None:
        seconds, whole = left
        minutes = seconds / 60
        text = f"{minutes:.0f} min" if 1.5 <= minutes < 120 else f"{minutes / 60:.1f} h"
        text = f"{max(1.0, seconds):.0f} s" if minutes < 1.5 else text
        reporter.message(
            f"{'about' if whole else 'at least'} {text} left, judging by the last round"
        )


def _report_once(reporter: Reporter, reported: set[str], text: str) -> None:
    """Report something once."""
    if text not in reported:
        reported.add(text)
        reporter.message(text)
