"""How a command reports its failure: one sentence and a status, never a traceback."""

from __future__ import annotations

import os
import sys
import traceback

from ipip.errors import InUseError, IpipError
from ipip.extras import explained
from ipip.launchers import started_together

FAILED = 1


def report_failure(error: Exception, debug: bool) -> int:
    """Print what went wrong to stderr and return the exit status.

    Args:
        error: what ended the command.
        debug: print the traceback too.
    """
    if debug:
        traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, ModuleNotFoundError):
        error = explained(error, "this command")
    if isinstance(error, InUseError) and (started := started_together(os.environ)) > 1:
        print(
            f"ipip: {error}; {started} processes were started together: start one, without mpirun "
            "or srun",
            file=sys.stderr,
        )
        return error.exit_status
    if isinstance(error, IpipError):
        print(f"ipip: {error}", file=sys.stderr)
        return error.exit_status
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        print(
            f"ipip: {error.filename}: {error.strerror}; check that the path is correct and can be "
            "read or written (`ipip --debug ...` shows where it is used)",
            file=sys.stderr,
        )
        return FAILED
    reason = " ".join(str(error).split()) or "no reason given"
    print(
        f"ipip: unexpected {type(error).__name__}: {reason[:500]} (run again with `ipip "
        "--debug ...` to see where)",
        file=sys.stderr,
    )
    return FAILED
