"""The cost of an evaluation, and its growth with the size of the system."""

from __future__ import annotations

import time

import numpy as np
from ase import Atoms

from ipip.physics.check import PhysicsCheck
from ipip.physics.laws.structures import described
from ipip.physics.outcome import Curve, Measure, Outcome, Picture
from ipip.physics.subject import Subject

SIZES = {True: (100, 400), False: (100, 400, 1600)}  # atoms
REPEATS = {True: 2, False: 5}
LARGEST_POWER = 1.5


class Cost(PhysicsCheck):
    """Times evaluations of growing boxes."""

    name = "cost"
    title = "Cost"
    question = "Does the cost of an evaluation grow no faster than the number of atoms?"
    bound = f"time grows with at most the power {LARGEST_POWER:g} of the number of atoms"
    source = (
        "LAMBench's efficiency, µs per atom (arXiv 2504.19578), with a reference of 100; "
        "which cost is too high depends on the use, so only the growth is bounded"
    )

    in_short = False  # the loop times students in LAMMPS

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure boxes of about 100 to 1600 atoms."""
        like = subject.periodic or [a for a in subject.structures if a.cell.rank == 3]
        if not like:
            return self.not_applicable("no structure has a box that can be repeated")
        counts, seconds = [], []
        for size in SIZES[quick]:
            atoms = repeated(like[0], size)
            counts.append(len(atoms))
            seconds.append(fastest(subject, atoms, REPEATS[quick]))
        cost = [1e6 * s / n for n, s in zip(counts, seconds, strict=True)]
        power = float(np.polyfit(np.log(counts), np.log(seconds), 1)[0])
        name = described(like[0])
        return self.found(
            measures=(
                Measure("power of the number of atoms", power, "", LARGEST_POWER, place=name),
                Measure("cost of an evaluation", cost[-1], "µs/atom", place=f"{counts[-1]} atoms"),
            ),
            pictures=(
                Picture(
                    "Time of one evaluation after a small move, divided by the number of atoms.",
                    "",
                    "µs/atom",
                    (Curve("cost", tuple(f"{n} atoms" for n in counts), tuple(cost)),),
                    kind="bars",
                ),
            ),
        )


def repeated(atoms: Atoms, size: int) -> Atoms:
    """Return a nearly cubic supercell of a box with about `size` atoms."""
    times = [1, 1, 1]
    lengths = atoms.cell.lengths()
    while len(atoms) * np.prod(times) * (1 + 1 / max(times)) <= size:
        times[int(np.argmin(lengths * times))] += 1
    return atoms * times


def fastest(subject: Subject, atoms: Atoms, repeats: int) -> float:
    """Return the shortest time (s) of an evaluation; each follows a small move, as in MD.

    It is the shorter of wall time, which other programs on the machine lengthen, and CPU time,
    which waiting threads lengthen; wall time if the work is done in another process.
    """
    moving = atoms.copy()
    subject.evaluate(moving)
    seconds: list[float] = []
    for _ in range(repeats):
        moving.positions += np.random.default_rng(len(seconds)).normal(
            0, 1e-3, moving.positions.shape
        )
        wall, cpu = time.perf_counter(), time.process_time()
        subject.evaluate(moving)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        seconds.append(min(wall, cpu) if subject.in_process else wall)
    return min(seconds)


COST = Cost()
