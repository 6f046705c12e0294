"""SIGTERM during a training: the state goes to `last.ckpt` before the process ends."""

from __future__ import annotations

import signal
import threading
from types import FrameType
from typing import NoReturn

from ipip.errors import IpipError


class TerminatedError(IpipError):
    """SIGTERM ended a training whose state was saved."""


class Termination:
    """Notes a SIGTERM, so that a training can end between two steps.

    The handler that was there before is put back by `restore` and is called by `end`: a program
    around the training ends in its own way.
    """

    def __init__(self) -> None:
        self.asked = False
        self._listening = False
        self._before = signal.getsignal(signal.SIGTERM)

    def listen(self) -> None:
        """Take SIGTERM over; does nothing outside the main thread."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self._note)
            self._listening = True

    def restore(self) -> None:
        """Give SIGTERM back."""
        if self._listening:
            signal.signal(signal.SIGTERM, self._before)
            self._listening = False

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def end(self, where: object) -> NoReturn:
        """End the training, whose state is saved in the folder `where`."""
        self.restore()
        if callable(self._before):
            self._before(signal.SIGTERM, None)
        raise TerminatedError(
            f"ended by SIGTERM; the state is in {where}/last.ckpt: the same command continues"
        )
