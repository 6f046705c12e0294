"""`python -m tests.faults`: damage every file of real folders in six ways and print what came of it."""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path

import torch
from tests.faults.campaign import all_cases, try_all
from tests.faults.subjects import SUBJECTS
from tests.faults.table import Table


def main() -> int:
    """Try what was asked for; return 1 where damage was believed, or ended a command badly."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", nargs="*", choices=SUBJECTS, help="folders to damage [all]")
    parser.add_argument("--share", type=float, default=1.0, help="of the cases, drawn at random")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", type=Path, help="file for the table")
    parser.add_argument("--verbose", action="store_true", help="print how each case ended")
    options = parser.parse_args()
    torch.set_num_threads(1)
    draw, table, begun = random.Random(options.seed), Table(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="ipip-faults-") as name:
        scratch = Path(name)
        for key in options.only or SUBJECTS:
            subject = SUBJECTS[key](scratch)
            cases = all_cases(subject, draw)
            chosen = [case for case in cases if draw.random() < options.share]
            print(f"{key}: {len(chosen)} of {len(cases)} cases", flush=True)
            for outcome in try_all(chosen, scratch, options.jobs):
                table.add(outcome)
                if options.verbose:
                    print(outcome, flush=True)
                if outcome.bad:
                    print(f"BAD {outcome}", flush=True)
    print(table.markdown())
    print(f"{table.tried} cases in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    if options.out:
        options.out.write_text(table.markdown(), encoding="utf-8")
    return bool(table.bad)


if __name__ == "__main__":
    raise SystemExit(main())
