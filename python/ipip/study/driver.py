"""Runs a study: every arm for every seed, then the comparison. Resumable like a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.config.stability import StabilityProtocol
from ipip.config.study import StudySettings, TestSet
from ipip.data import Frame, check_elements, group_names, read_files
from ipip.decisions.statistics import withheld
from ipip.execution.executor import open_executor
from ipip.loop.checks import check_inputs
from ipip.loop.run import run_loop
from ipip.pipeline.reporter import Reporter, SilentReporter
from ipip.pipeline.seeds import derive_seed
from ipip.stability.run import check_protocol_folder
from ipip.stages.work.reference_frames import read_reference, units_of
from ipip.storage.atomic import write_text
from ipip.storage.json_file import read_json, write_json
from ipip.storage.lock import hold_folder
from ipip.study.arm_task import ArmTask, run_arms
from ipip.study.arms import Arm, Budget, build_arms, epoch_concerns, find_budget
from ipip.study.folder import LOCK, claim_folder, lock_text, run_folder, scores_file
from ipip.study.outcome import Outcome, read_outcome
from ipip.study.protocols import run_protocol
from ipip.study.report import write_study_report
from ipip.study.scores import score_run, teacher_name
from ipip.study.summary import RunKey, summarise

SUMMARY_FILE = "study.json"


def run_study(
    settings: StudySettings, folder: Path, *, reporter: Reporter | None = None
) -> dict[str, Any]:
    """Run or resume a study in `folder`; return its summary.

    Each arm and seed is a run folder of the loop, ``runs/seed_S/ARM``. Stages that arms share
    (teacher MD, the first round, ...) are computed once for each seed.

    Args:
        settings: with absolute paths.
        folder: the study's folder; created if needed.
        reporter: receives the progress.

    Raises:
        InputError: wrong settings or files, or a folder that holds another study.
        IpipError: a stage failed; finished stages are kept.
    """
    reporter = reporter or SilentReporter()
    prepared = prepare_study(settings)
    base, budget, arms = prepared.base, prepared.budget, prepared.arms
    claim_folder(settings, base, folder)
    for protocol in settings.protocols:
        check_protocol_folder(
            folder / "protocols" / protocol.name, load_settings(protocol.file, StabilityProtocol)
        )
    runs = [(seed, arm) for seed in settings.seeds for arm in arms]
    outcomes: dict[RunKey, Outcome] = {}
    tests: dict[RunKey, dict[str, Any]] = {}
    with hold_folder(folder, "study"):
        write_text(folder / LOCK, lock_text(settings, base))
        for concern in prepared.concerns:
            reporter.message(f"warning: {concern}")
        _run_elsewhere(base, arms, settings.seeds, folder, reporter)
        for number, (seed, arm) in enumerate(runs, start=1):
            reporter.message(f"run {number}/{len(runs)}: seed {seed}, {arm.name}: {arm.meaning}")
            donors = [run_folder(folder, seed, other) for other in arms if other is not arm]
            target = run_folder(folder, seed, arm)
            own = arm.settings(base, seed)
            run_loop(own, target, reporter=reporter, donors=donors)
            outcome = read_outcome(target, settings.student, base.stop, teacher_name(own.teacher))
            outcomes[arm.name, seed] = outcome
            tests[arm.name, seed] = score_run(
                settings, own.teacher, outcome, scores_file(folder, seed, arm), folder / "teachers"
            )
            summary = summarise(settings, arms, budget, outcomes, tests)
            _write(summary, folder)
        protocols: dict[str, Any] = {}
        for protocol in settings.protocols:
            reporter.message(f"stability protocol {protocol.name}")
            protocols[protocol.name] = run_protocol(
                protocol, outcomes, folder / "protocols" / protocol.name, base.resources
            )
            summary = summarise(settings, arms, budget, outcomes, tests, protocols)
            _write(summary, folder)
    return summary


def _run_elsewhere(
    base: RunSettings, arms: Sequence[Arm], seeds: Sequence[int], folder: Path, reporter: Reporter
) -> None:
    """Run the arms as tasks if the run's settings name a resource for them.

    The first arm of a seed computes what all share; the others reuse it.
    """
    with open_executor(base.execution, folder, reporter.message, ("arms",)) as executor:
        if executor.resource("arms") is None:
            return
        first = [run_folder(folder, seed, arms[0]) for seed in seeds]
        waves = [
            [
                ArmTask(arm.settings(base, seed), run_folder(folder, seed, arm), donors)
                for seed in seeds
                for arm in own
            ]
            for own, donors in ((arms[:1], ()), (arms[1:], tuple(first)))
        ]
        run_arms(waves, executor, reporter.message)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A study that is checked and ready to run.

    Attributes:
        base: settings of the iterated arm.
        budget: of the iterated arm.
        arms: in order.
        concerns: limits of the results.
    """

    base: RunSettings
    budget: Budget
    arms: list[Arm]
    concerns: list[str]


def prepare_study(settings: StudySettings) -> Prepared:
    """Check everything that can be checked before work starts.

    Raises:
        InputError: wrong settings or files of the study or of its run.
    """
    base = load_settings(settings.run, RunSettings)
    checked = check_inputs(base)
    for protocol in settings.protocols:
        load_settings(protocol.file, StabilityProtocol)
    few: list[str] = []
    for test_set in settings.test_sets:
        frames = read_files(test_set.data)
        check_elements(frames, base.elements, f"test set {test_set.name}")
        few += _test_set_concerns(test_set, frames)
    seed = derive_seed(settings.seeds[0], 0, "split")
    counted: dict[str, int] = {}

    def count_labels(run: RunSettings) -> int:
        key = run.reference.model_dump_json()
        if key not in counted:
            counted[key] = len(read_reference(run.reference, run.elements, seed).train)
        return counted[key]

    labels = count_labels(base)
    budget = find_budget(base, labels)
    arms = build_arms(settings, base, budget, count_labels)
    concerns = [*checked.concerns, *epoch_concerns(arms, base, budget, labels), *few]
    return Prepared(base, budget, arms, concerns)


def _test_set_concerns(test_set: TestSet, frames: Sequence[Frame]) -> list[str]:
    """Return a warning if differences on a test set will not be claimed."""
    keys = {file.keys.group for file in test_set.data}
    key = keys.pop() if len(keys) == 1 else None
    reason = withheld(group_names(frames, key), units_of(frames, key))
    if reason is None:
        return []
    return [f"test set {test_set.name}: {reason}: no difference on it will be claimed"]


def _write(summary: dict[str, Any], folder: Path) -> None:
    """Write summary and report, unless the existing ones of the same study hold more."""
    if _holds_more(folder / SUMMARY_FILE, summary):
        return
    write_json(folder / SUMMARY_FILE, summary)
    write_study_report(summary, folder / "report")


def _holds_more(path: Path, summary: dict[str, Any]) -> bool:
    try:
        stored = read_json(path)
        same = stored["settings_digest"] == summary["settings_digest"]
        finished = stored["runs"]["finished"] - summary["runs"]["finished"]
        protocols = stored["protocols"].keys() - summary["protocols"].keys()
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # it is missing or damaged
    return same and (finished > 0 or bool(protocols))
