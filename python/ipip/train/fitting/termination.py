"""SIGTERM during a training: the state is saved in `last.ckpt` before the process ends."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import NoReturn

from ipip.errors import IpipError


class TerminatedError(IpipError):
    """SIGTERM ended a training whose state was saved."""


class Termination:
    """Records a SIGTERM, so that a training can end between two steps.

    `restore` reinstalls the earlier handler, and `end` calls it: a program around the training
    handles the signal itself.
    """

    def __init__(self) -> None:
        self.requested = False
        self._listening = False
        self._before = signal.getsignal(signal.SIGTERM)

    def listen(self) -> None:
        """Install the handler of SIGTERM; does nothing outside the main thread."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._note)
            self._listening = True

    def restore(self) -> None:
        """Reinstall the earlier handler of SIGTERM."""
        if self._listening:
            signal.signal(signal.SIGTERM, self._before)
            self._listening = False

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.requested = True

    def end(self, where: object) -> NoReturn:
        """End the training, whose state is saved in the folder `where`."""
        self.restore()
        if callable(self._before):
            self._before(signal.SIGTERM, None)
        raise TerminatedError(
            f"ended by SIGTERM; the state is in {where}/last.ckpt: the same command continues"
        )
