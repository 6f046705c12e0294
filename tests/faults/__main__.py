"""`python -m tests.faults`: damage every file of real folders in six ways."""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from tests.faults.campaign import Trial, all_cases, try_all
from tests.faults.journal import Journal
from tests.faults.kills import KilledRun
from tests.faults.model_files import (
    FORGED,
    HARMLESS,
    VERSION_1,
    build_fuzzer,
    read_in_cpp,
    read_in_python,
    small_student,
)
from tests.faults.subjects import SUBJECTS
from tests.faults.table import Table, with_table
from tests.faults.trial import LIMIT_S, import_everything


def main(arguments: Sequence[str] | None = None) -> int:
    """Try the requested cases; return 1 if damage was accepted, or ended a command badly."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=SUBJECTS, help="folders to damage [all]")
    parser.add_argument("--share", type=float, default=1.0, help="of the cases, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--journal", type=Path, help="file of outcomes; what it has is not retried")
    parser.add_argument("--minutes", type=float, help="begin no case after so many")
    parser.add_argument("--limit", type=float, default=LIMIT_S, help="seconds of a case")
    parser.add_argument("--into", type=Path, help="page whose table is replaced")
    parser.add_argument("--verbose", action="store_true", help="print how each case ended")
    parser.add_argument("--kills", type=int, default=40, help="runs killed at random moments")
    parser.add_argument("--fuzz", type=int, default=2000, help="rounds of damaged model files")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    import_everything()
    table, begun = Table(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ipip-faults-") as name:
        scratch = Path(name)
        trials = _trials(options, scratch)
        journal = Journal(options.journal)
        due = [trial for trial in trials if not journal.settled(trial.key)]
        last = begun + 60 * options.minutes if options.minutes else float("inf")

        def on_time() -> bool:
            return time.monotonic() < last

        print(f"{len(due)} of {len(trials)} cases to try", file=sys.stderr, flush=True)
        for trial, outcome in try_all(due, scratch, options.jobs, options.limit, on_time):
            journal.add(trial.key, outcome)
            if outcome and (outcome.bad or options.verbose):
                print(f"{'BAD ' if outcome.bad else ''}{outcome}", flush=True)
        tried = [trial.key for trial in trials if trial.key in journal.known]
        for outcome in map(journal.known.__getitem__, tried):
            if outcome:
                table.add(outcome)
        if options.fuzz:
            _fuzz(table, scratch, options.fuzz, options.seed)
    print(table.markdown())
    print(f"{time.monotonic() - begun:.0f} s", file=sys.stderr)
    nothing = len(tried) - sum(journal.known[key] is not None for key in tried)
    said = (
        f"Seed {options.seed}: {len(tried)} of {len(trials)} cases, of which {nothing} change "
        "nothing, since a file is empty or alone of its kind.\n"
    )
    print(said, file=sys.stderr)
    if options.into:
        page = options.into.read_text(encoding="utf-8")
        options.into.write_text(with_table(page, table, said + "\n"), encoding="utf-8")
    return int(table.failed)


def _trials(options: argparse.Namespace, scratch: Path) -> list[Trial]:
    """Return the cases, in an order that reaches each kind of each folder early."""
    trials: list[Trial] = []
    for key in SUBJECTS if options.only is None else options.only:
        subject = SUBJECTS[key](scratch)
        cases = all_cases(subject, options.seed)
        draw = random.Random(f"{options.seed} {key}")
        chosen = [case for case in cases if draw.random() < options.share]
        print(f"{key}: {len(chosen)} of {len(cases)} cases", file=sys.stderr, flush=True)
        trials += chosen
        if key == "loop":
            trials += [KilledRun(subject, index, options.seed) for index in range(options.kills)]
    random.Random(options.seed).shuffle(trials)
    return trials


def _fuzz(table: Table, scratch: Path, rounds: int, seed: int) -> None:
    student = small_student(scratch / "student.pt")
    old = Path(shutil.copyfile(VERSION_1, scratch / "version1.pt"))
    read = {
        "model files in C++ under sanitizers": [
            read_in_cpp(build_fuzzer(scratch), student, rounds, seed)
        ],
        "model files in Python": [
            read_in_python(path, max(1, rounds // 10), seed) for path in (student, old)
        ],
    }
    for subject, runs in read.items():
        for counts in runs:
            for kind, row in counts.items():
                reason = FORGED if kind.startswith("forged") else HARMLESS
                table.count(subject, kind, row, reason)


if __name__ == "__main__":
    raise SystemExit(main())
