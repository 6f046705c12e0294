"""Runs the entries of one number of ranks: `[mpirun -n N] python -m ... FOLDER [NAME ...]`.

Writes `results_N.json`: what each entry failed with, empty where all held.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path

from mpi4py import MPI

from tests.pair_style.commands.session import Session
from tests.pair_style.commands.table import ENTRIES


def main(folder: Path, names: list[str]) -> None:
    os.chdir(folder)
    world = MPI.COMM_WORLD
    results = {}
    session = Session(folder)
    for entry in ENTRIES:
        if world.size not in entry.ranks or (names and entry.name not in names):
            continue
        start = time.perf_counter()
        try:
            entry.check(session)
            failure = ""
        except Exception:
            failure = traceback.format_exc()
        session.close()
        failures = [f"rank {rank}: {text}" for rank, text in enumerate(world.allgather(failure))]
        wrong = [text for text in failures if not text.endswith(": ")]
        results[entry.name] = wrong[0] if wrong else ""
        if world.rank == 0:
            print(f"{entry.name} {time.perf_counter() - start:.2f} s", flush=True)
            if wrong and names:
                print("\n".join(wrong), flush=True)
            Path(f"results_{world.size}.json").write_text(json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve(), sys.argv[2:])
