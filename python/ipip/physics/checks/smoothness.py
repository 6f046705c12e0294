"""Energy and forces have no jumps as an atom moves from contact to beyond the cutoff."""

from __future__ import annotations

from ase import Atoms

from ipip.physics.by_law import Case, by_laws
from ipip.physics.check import PhysicsCheck
from ipip.physics.laws import smoothness
from ipip.physics.laws.agreement import Agreement
from ipip.physics.outcome import Outcome
from ipip.physics.subject import Subject


class Smoothness(PhysicsCheck):
    """Removes an atom of each element from a cluster, step by step."""

    name = "smoothness"
    title = "No jumps"
    question = "Do energy and forces change without a jump as an atom leaves a cluster?"
    bound = "between any two points the energy follows from its slopes, without a jump at the end"
    source = (
        "MLIP Arena's energy jump and force flips (arXiv 2509.20630); a jump is heat at constant "
        "energy"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the path of an atom of each element."""
        evaluate, like = subject.evaluate, Atoms(pbc=False)
        cutoff, precision = subject.cutoff, subject.precision
        cases: list[Case] = []
        turns = range(1 if quick else len(subject.symbols))
        for turn in turns:
            symbols = [*subject.symbols[turn:], *subject.symbols[:turn]]
            name = f"{symbols[-1]} leaves"

            def way_out(symbols: list[str] = symbols) -> Agreement:
                return smoothness.nothing_jumps_on_the_way_out(
                    evaluate, like, symbols, cutoff, precision
                )

            cases.append((name, way_out))
            if cutoff is not None:

                def end(symbols: list[str] = symbols, at: float = cutoff) -> Agreement:
                    return smoothness.nothing_jumps_at_the_cutoff(
                        evaluate, like, symbols, at, precision
                    )

                cases.append((name, end))
        return by_laws(self, cases, factor=1.0)


SMOOTHNESS = Smoothness()
