"""The process by which a block's worker performs a task: ``python -m`` this FILE.

Exit status: 0 done, 1 failed, 2 wrong input, 75 stopped by a signal and to be continued.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any


def perform(file: Path) -> dict[str, Any]:
    """Perform a task; return its result.

    Processes started by `torchrun` perform it together; only the first returns a result.

    Raises:
        SystemExit: a signal stopped it; its progress is stored.
        InputError, IpipError: see `ipip.execution.perform_file`.
    """
    from ipip.execution.perform import STOPPED, perform_file
    from ipip.launchers import TORCHRUN_SIZES
    from ipip.pipeline.stop import Stopped, stop_on_signals

    try:
        with stop_on_signals():
            if int(os.environ.get(TORCHRUN_SIZES[0], "1")) > 1:
                from ipip.execution.together import perform_together

                return perform_together(file)
            return perform_file(file)
    except Stopped as stop:
        print(f"ipip: stopped by {stop}; the task continues elsewhere", file=sys.stderr)
        raise SystemExit(STOPPED) from None


def perform_and_report(file: Path) -> int:
    """Perform a task and print why it failed, if it did; return the exit status.

    Args:
        file: of the task.

    Raises:
        SystemExit: a signal stopped it.
    """
    from ipip.cli.errors import report_failure

    try:
        perform(file)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # the result is stored: nothing to stop
    except Exception as error:
        return report_failure(error, debug=True)
    return 0


def main() -> int:
    """Perform the task that the command line names; return the exit status."""
    return perform_and_report(Path(sys.argv[1]))


if __name__ == "__main__":
    raise SystemExit(main())
