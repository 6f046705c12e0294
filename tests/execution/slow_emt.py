"""EMT that takes its time, so that a trajectory can be killed within; costs no more."""

import time
from pathlib import Path

from ase.calculators.emt import EMT


class SlowEMT(EMT):
    """Waits `pause` s before each evaluation, which it notes in the file `calls` by one letter."""

    def __init__(self, pause=0.05, calls=None):
        super().__init__()
        self.pause = pause
        self.calls = calls

    def calculate(self, *arguments, **options):
        if self.calls is not None:
            with Path(self.calls).open("a") as file:
                file.write(".")
        time.sleep(self.pause)
        super().calculate(*arguments, **options)
