"""Runs a study: every arm for every seed, then the comparison. Resumable like a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.config.study import StudySettings
from ipip.data import check_elements, read_files
from ipip.data.atomic import write_text
from ipip.errors import InputError
from ipip.loop.checks import check_inputs
from ipip.loop.lock import hold_lock
from ipip.loop.reference import read_reference
from ipip.loop.reporter import Reporter, SilentReporter
from ipip.loop.run import run_loop
from ipip.loop.seeds import derive_seed
from ipip.loop.storage import read_json, write_json
from ipip.study.arms import Arm, Budget, build_arms, find_budget
from ipip.study.outcome import HELD_OUT, Outcome, read_outcome, score_on
from ipip.study.report import write_study_report
from ipip.study.summary import RunKey, summarise
from ipip.train import steps_of

LOCK = "study.lock.yaml"


def run_study(
    settings: StudySettings, folder: Path, *, reporter: Reporter | None = None
) -> dict[str, Any]:
    """Run a study in `folder`, or continue it there; return its summary.

    Each arm and seed is a run folder of the loop, ``runs/seed_S/ARM``. Stages that arms share (the
    teacher's MD, the first round, ...) are computed once for each seed.

    Args:
        settings: with absolute paths.
        folder: the study's folder; made if needed.
        reporter: is told the progress.

    Raises:
        InputError: wrong settings or files, or a folder that holds another study.
        IpipError: a stage failed; what is finished is kept.
    """
    reporter = reporter or SilentReporter()
    base, budget, arms = prepare_study(settings)
    _own_folder(settings, base, folder)
    runs = [(seed, arm) for seed in settings.seeds for arm in arms]
    outcomes: dict[RunKey, Outcome] = {}
    tests: dict[RunKey, dict[str, Any]] = {}
    with hold_lock(folder / ".lock"):
        write_text(folder / LOCK, _lock_text(settings, base))
        for number, (seed, arm) in enumerate(runs, start=1):
            reporter.message(f"run {number}/{len(runs)}: seed {seed}, {arm.name}: {arm.meaning}")
            donors = [run_folder(folder, seed, other) for other in arms if other is not arm]
            target = run_folder(folder, seed, arm)
            run_loop(arm.settings(base, seed), target, reporter=reporter, donors=donors)
            outcome = read_outcome(target, settings.student, base.stop)
            outcomes[arm.name, seed] = outcome
            tests[arm.name, seed] = _test(settings, outcome, _tests_file(folder, seed, arm))
            summary = summarise(settings, arms, budget, outcomes, tests)
            write_json(folder / "study.json", summary)
            write_study_report(summary, folder / "report")
    return summary


def prepare_study(settings: StudySettings) -> tuple[RunSettings, Budget, list[Arm]]:
    """Check everything that can be checked before work starts.

    Raises:
        InputError: wrong settings or files of the study or of its run.
    """
    base = load_settings(settings.run, RunSettings)
    check_inputs(base)
    for test_set in settings.test_sets:
        check_elements(read_files(test_set.data), base.elements, f"test set {test_set.name}")
    seed = derive_seed(settings.seeds[0], 0, "split")
    train = read_reference(base.reference, base.elements, seed).train
    budget = find_budget(base, len(train), steps_of)
    return base, budget, build_arms(settings, base, budget)


def run_folder(folder: Path, seed: int, arm: Arm) -> Path:
    """Return the run folder of an arm and seed."""
    return folder / "runs" / f"seed_{seed}" / arm.name


def _tests_file(folder: Path, seed: int, arm: Arm) -> Path:
    return folder / "tests" / f"seed_{seed}" / f"{arm.name}.json"


def _test(settings: StudySettings, outcome: Outcome, path: Path) -> dict[str, Any]:
    """Return the judged student's errors on all test sets; they are kept in a file."""
    if path.exists():
        stored: dict[str, Any] = read_json(path)
        if stored["student"] == outcome.student_digest:
            return stored
    tests = {
        test_set.name: score_on(outcome.student, read_files(test_set.data), test_set.data)
        for test_set in settings.test_sets
    }
    found = {"student": outcome.student_digest, "tests": tests | {HELD_OUT: outcome.test}}
    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, found)
    return found


def _own_folder(settings: StudySettings, base: RunSettings, folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose another folder with --dir")
    lock = folder / LOCK
    if lock.exists():
        if _completed(lock.read_text(encoding="utf-8")) != _lock_text(settings, base):
            raise InputError(
                f"{folder}: holds a study with other settings ({lock.name} has them); use a new "
                "folder with --dir, or put the old settings back"
            )
    elif folder.exists() and any(folder.iterdir()):
        raise InputError(
            f"{folder}: holds other files and is no study; choose a new folder with --dir"
        )
    folder.mkdir(parents=True, exist_ok=True)


def _lock_text(settings: StudySettings, base: RunSettings) -> str:
    values = {"study": settings.model_dump(mode="json"), "run": base.model_dump(mode="json")}
    text: str = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    return text


def _completed(lock: str) -> str:
    """Return a lock with the settings that an older version did not know, at their defaults."""
    try:
        values = yaml.safe_load(lock)
        study = StudySettings.model_validate(values["study"])
        return _lock_text(study, RunSettings.model_validate(values["run"]))
    except (yaml.YAMLError, ValidationError, KeyError, TypeError):
        return lock
