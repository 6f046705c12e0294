"""Work that SIGTERM and ctrl-C may end at any moment, and that the same command continues."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def stoppable(place: Path) -> Iterator[None]:
    """End the block on a signal, with a message that nothing is lost.

    Args:
        place: folder or file of the results.

    Raises:
        IpipError: a signal came.
    """
    from ipip.errors import IpipError
    from ipip.pipeline.stop import Stopped, stop_on_signals

    try:
        with stop_on_signals():
            yield
    except Stopped as stop:
        raise IpipError(
            f"stopped by {stop}; nothing finished is lost, the same command continues {place}"
        ) from None
