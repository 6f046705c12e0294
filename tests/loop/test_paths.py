"""A run folder may have any name, in any locale."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

NAME = b"l\xc3\xa4uft \"q' $x #& @1 {} %s [a] ::\n\xff~"
IPIP = "from ipip.cli.main import main; raise SystemExit(main())"


def test_a_whole_loop_runs_in_a_folder_of_any_name_without_utf_8(
    tmp_path: Path, write_inputs: Callable[..., Path]
) -> None:
    """The strictest setting: names and terminal are ASCII to Python, and the terminal is dumb."""
    config = write_inputs(Path(os.fsdecode(os.fsencode(tmp_path) + b"/" + NAME)))
    done = subprocess.run(
        [sys.executable, "-c", IPIP, "run", config.name, b"--dir=-" + NAME],
        cwd=config.parent,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "LC_ALL": "C",
            "PYTHONUTF8": "0",
            "PYTHONIOENCODING": "ascii",
            "TERM": "dumb",
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode(errors="backslashreplace")
    assert b"eV/A;" in done.stdout or b"eV/A," in done.stdout
    folder = config.parent / os.fsdecode(b"-" + NAME)
    summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1]
    assert all(entry["failures"]["total"] == 1 for entry in summary["rounds"])
    report = (folder / "report" / "report.html").read_bytes().decode(errors="surrogateescape")
    assert "eV/Å" in report
    (model,) = (folder / "round_001" / "50_evaluate" / "runs").glob("*/student.pt")
    assert model.resolve() == (folder / "round_001" / "40_finetune" / "student.pt").resolve()
