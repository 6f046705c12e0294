"""A system heated to 3000 K evaporates, but does not explode."""

from __future__ import annotations

from ipip.physics.check import PhysicsCheck
from ipip.physics.dynamics import ramp
from ipip.physics.outcome import Outcome
from ipip.physics.ramps import ramped
from ipip.physics.subject import Subject

COLDEST, HOTTEST = 300.0, 3000.0  # K
STEPS = {True: 400, False: 3000}


class Heating(PhysicsCheck):
    """Raises the temperature of a Langevin run and records where it fails."""

    name = "heating"
    title = "Heating to 3000 K"
    question = "Up to which temperature does MD stay within its bounds?"
    bound = "the run reaches 3000 K"
    source = (
        "MLIP Arena, stability: heating at constant volume from 300 to 3000 K; runs end by "
        "the guards of student MD (docs/loop.md)"
    )
    in_short = False

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure runs from the structures."""

        def temperature(part: float) -> float:
            return COLDEST + part * (HOTTEST - COLDEST)

        chosen = list(subject.structures[: 1 if quick else None])
        runs = [ramp(subject, atoms, temperature, None, 1.0, STEPS[quick]) for atoms in chosen]
        return ramped(self, chosen, runs, STEPS[quick], temperature, "temperature reached", "K")


HEATING = Heating()
