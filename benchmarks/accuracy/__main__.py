"""Accuracy per cost: errors against the time of a step and of training, same splits, one core.

python -m benchmarks.accuracy [--set acetylacetone] [--case painn-64x2] [--budget 120] [--quick]

Each job (a network, a set, a budget, a seed) runs once: the same command resumes. Times are CPU
times. Sets: acetylacetone, ethanol and 3bpa (GFN2-xTB labels made here), mo-s-o (the example's
labels), or a file: PATH:ENERGY KEY:FORCES KEY:GROUP KEY.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.accuracy.cases import CASES
from benchmarks.accuracy.jobs import Job, results_of, run_job
from benchmarks.accuracy.molecules import Sampling
from benchmarks.accuracy.picture import show, write
from benchmarks.accuracy.record import record_sets
from benchmarks.accuracy.sets import make_set, source_of
from benchmarks.record import add_record_option

from ipip.errors import IpipError

QUICK = Sampling(train=20, test=6, trajectories=2, interval=4, settle=20, angles=4)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.accuracy",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    names = [case.name for case in CASES]
    parser.add_argument("--set", dest="sets", action="append", help="may be repeated")
    parser.add_argument("--case", dest="cases", action="append", choices=names)
    parser.add_argument("--budget", type=float, action="append", help="of a training, s (120)")
    parser.add_argument("--seed", type=int, action="append", help="(1)")
    parser.add_argument("--quick", action="store_true", help="tiny sets and budgets: a minute")
    parser.add_argument("--out", type=Path, default=Path("runs/benchmarks/accuracy"))
    add_record_option(parser)
    given = parser.parse_args(arguments)
    sampling, calls = (QUICK, 1) if given.quick else (Sampling(), 5)
    chosen = given.cases or (["painn-32x2"] if given.quick else names)
    failed = 0
    try:
        sources = [source_of(text) for text in given.sets or ["acetylacetone"]]
        sets = [make_set(source, given.out / "sets", sampling, seed=1) for source in sources]
    except IpipError as error:
        print(f"accuracy: {error}", file=sys.stderr)
        return error.exit_status
    for frames in sets:
        for budget in given.budget or [1.0 if given.quick else 120.0]:
            for case in (case for case in CASES if case.name in chosen):
                for seed in given.seed or [1]:
                    job = Job(case, frames, f"{budget:g} s", seed)
                    print(f"{frames.name}: {job.name}", flush=True)
                    try:
                        run_job(job, given.out, calls)
                    except IpipError as error:
                        print(f"accuracy: {error}", file=sys.stderr)
                        failed = error.exit_status
    results = results_of(given.out)  # with the rows of earlier calls
    if results["rows"]:
        show(results["rows"])
        write(given.out, results)
        print(f"wrote {given.out}/results.json and accuracy.png")
        if given.record:
            record_sets(given.record, results["rows"])
    return failed


if __name__ == "__main__":
    sys.exit(main())
