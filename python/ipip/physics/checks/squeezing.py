"""A system compressed to 60 % of its volume in MD becomes dense, but does not explode."""

from __future__ import annotations

from ipip.physics.check import PhysicsCheck
from ipip.physics.dynamics import ramp
from ipip.physics.outcome import Outcome
from ipip.physics.ramps import ramped
from ipip.physics.subject import Subject

TEMPERATURE = 300.0  # K
SMALLEST = 0.6
STEPS = {True: 400, False: 3000}


class Squeezing(PhysicsCheck):
    """Shrinks the box of a Langevin run and records where it fails."""

    name = "squeezing"
    title = "Squeezing to 60 % of the volume"
    question = "Down to which volume does MD stay within its bounds?"
    bound = "the run reaches 60 % of the volume"
    source = (
        "MLIP Arena, stability: compression at 300 K until a run fails; by volume instead of "
        "pressure, so that potentials without stress are checked too"
    )
    in_short = False

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure runs from the periodic structures."""
        chosen = subject.periodic[: 1 if quick else None]
        if not chosen:
            return self.not_applicable("no structure is periodic in three directions")

        def volume(part: float) -> float:
            return 1.0 - part * (1.0 - SMALLEST)

        runs = [
            ramp(subject, atoms, lambda part: TEMPERATURE, volume, 1.0, STEPS[quick])
            for atoms in chosen
        ]
        return ramped(self, chosen, runs, STEPS[quick], volume, "volume reached", "V0")


SQUEEZING = Squeezing()
