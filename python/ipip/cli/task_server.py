"""The process in which a block's worker performs its tasks, one after another.

Run as ``python -m ipip.cli.task_server``: each line of the standard input is a JSON object with the
`path` of a task's file and the `log` for what it prints; the answers are the lines `begun` and
`done`. A task that ends otherwise ends the process with the exit status of `ipip.cli.task_process`,
and the next one gets another process. So PyTorch is imported and a teacher loaded once.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import sys
from pathlib import Path
from typing import IO

# What tasks import only when they need it, the slowest last.
LATER = ("ipip.execution.student_md", "ipip.stages.work.evaluation", "ipip.train.run")


def main() -> int:
    """Perform tasks until there are no more; return 0, or the status of the one that failed."""
    from ipip.cli.task_process import perform_and_report
    from ipip.execution.kept_teacher import allow_keeping, close_kept

    requests, answers = _own_streams()
    allow_keeping()
    later = list(LATER)
    try:
        while request := requests.readline():
            given = json.loads(request)
            _answer(answers, "begun")
            _print_into(given["log"])
            status = perform_and_report(Path(given["path"]))
            sys.stdout.flush()
            sys.stderr.flush()
            if status:
                return status
            _free_device_memory()
            _answer(answers, "done")
            while later and not select.select([requests], [], [], 0.0)[0]:
                importlib.import_module(later.pop(0))
    finally:
        close_kept()
    return 0


def _own_streams() -> tuple[IO[bytes], IO[bytes]]:
    """Take the pipes of the worker, which programs that tasks start must not inherit."""
    requests, answers = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    # Unbuffered: a line that is read ahead would hide from select.
    return os.fdopen(requests, "rb", buffering=0), os.fdopen(answers, "wb")


def _answer(answers: IO[bytes], word: str) -> None:
    answers.write(word.encode() + b"\n")
    answers.flush()


def _print_into(log: str) -> None:
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(sink)


def _free_device_memory() -> None:
    """Give back what PyTorch keeps of a GPU, which other tasks share."""
    torch = sys.modules.get("torch")
    if torch is not None and torch.cuda.is_initialized():
        torch.cuda.empty_cache()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # between two tasks: the worker ends the input
    raise SystemExit(main())
