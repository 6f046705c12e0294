"""EMT that takes its time, so that a trajectory can be killed within; costs no more."""

import time

from ase.calculators.emt import EMT


class SlowEMT(EMT):
    """Waits `pause` s before each evaluation."""

    def __init__(self, pause=0.05):
        super().__init__()
        self.pause = pause

    def calculate(self, *arguments, **options):
        time.sleep(self.pause)
        super().calculate(*arguments, **options)
