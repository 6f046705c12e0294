"""What digests of a run's files cost: python -m benchmarks.hashing [--record MACHINE].

CPU time of one core, of a file in the system's cache; with and without the processor's own
instructions, which OPENSSL_ia32cap switches off in a separate process.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.record import add_record_option, record
from benchmarks.results import row

from ipip.storage.digest import file_digest

BYTES, REPEATS = 250_000_000, 4
WITHOUT = {"OPENSSL_ia32cap": ":~0x20000000"}  # bit 29 of the second word: SHA extensions


def rate() -> float:
    """Return bytes per CPU second of `file_digest`, the largest of several."""
    with tempfile.TemporaryDirectory(prefix="hashing-") as folder:
        path = Path(folder) / "data"
        path.write_bytes(os.urandom(1_000_000) * (BYTES // 1_000_000))
        times = []
        for _ in range(REPEATS):
            start = time.process_time()
            file_digest(path)
            times.append(time.process_time() - start)
    return BYTES / min(times)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hashing", description=__doc__)
    parser.add_argument("--alone", action="store_true", help="print this process' rate")
    add_record_option(parser)
    given = parser.parse_args()
    if given.alone:
        print(rate())
        return
    command = [sys.executable, "-m", "benchmarks.hashing", "--alone"]
    rows = []
    for name, more in (("as the processor has them", {}), ("switched off", WITHOUT)):
        done = subprocess.run(
            command, env=os.environ | more, capture_output=True, text=True, check=True
        )
        measured = float(done.stdout)
        rows.append(
            row({"SHA instructions": name}, gb_per_s=1e-9 * measured, cpu_s_per_gb=1e9 / measured)
        )
        print(f"{name}: {1e-9 * measured:.2f} GB/s")
    if given.record:
        record(
            given.record,
            "hashing",
            rows,
            title="SHA-256 of files, Python's hashlib, one core (CPU time)",
            command="python -m benchmarks.hashing",
            packages=("ipip",),
        )


if __name__ == "__main__":
    main()
