"""Generated frames of a run of several rounds, and the plan of its pretraining sets."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

import numpy as np

from ipip.data import Frame
from ipip.decisions.pretraining_set import (
    SetEntry,
    draw_held_out,
    forget_indices,
    held_out_count,
    next_pretraining_set,
)

RUNS = 50
BOX = 55.0  # Å
FORGET = 0.1
SHIFT = -1000.0 / 3.0  # eV, from the teacher's zero to the reference's


@dataclasses.dataclass(frozen=True)
class Size:
    """The size of the run.

    Attributes:
        frames: frames made in all rounds together.
        rounds: rounds after round 0.
        atoms: atoms of each frame: Mo3O9 and S2.
        harvest: frames added by each later round.
    """

    frames: int
    rounds: int
    atoms: int
    harvest: int

    @property
    def first(self) -> int:
        """Frames of round 0."""
        return self.frames - self.rounds * self.harvest

    def made_in(self, index: int) -> int:
        """Return how many frames a round makes."""
        return self.first if index == 0 else self.harvest


def made_frames(size: Size, index: int, run: int | None = None) -> Iterator[Frame]:
    """Yield the frames that a round makes, with the teacher's labels; of one run of MD only.

    Their numbers use all digits, like real ones.
    """
    numbers = np.array([42, 42, 42, *[8] * 9, *[16] * size.atoms])[: size.atoms]
    for number in range(size.made_in(index)):
        if run is not None and number % RUNS != run:
            continue
        random = np.random.default_rng([index, number])
        yield Frame(
            numbers=numbers,
            positions=random.uniform(0.0, BOX, (size.atoms, 3)),
            cell=np.diag([BOX] * 3),
            pbc=np.array([True, True, True]),
            info={
                "traj": f"mo3o9_{number % RUNS:02d}",
                "md_step": number // RUNS,
                "temperature_k": float(random.normal(1200.0, 50.0)),
            },
            **labels(size.atoms, random),
        )


def student_labelled(frames: Sequence[Frame], seed: int) -> list[Frame]:
    """Return frames with labels as a student might give them, without a student."""
    random = np.random.default_rng(seed)
    return [frame.replace(**labels(len(frame), random)) for frame in frames]


def labels(atoms: int, random: np.random.Generator) -> dict[str, object]:
    """Return an energy (eV), forces (eV/Å) and a symmetric stress (eV/Å^3)."""
    stress = random.normal(size=(3, 3)) * 1e-3
    return {
        "energy": float(-6.0 * atoms + random.normal()),
        "forces": random.normal(size=(atoms, 3)),
        "stress": stress + stress.T,
    }


def first_entries(size: Size) -> list[SetEntry]:
    """Return the index of the first set: the runs of MD one after another."""
    order = [number for run in range(RUNS) for number in range(run, size.first, RUNS)]
    held = draw_held_out(size.first, held_out_count(size.first), seed=0)
    return [
        SetEntry(_identity(0, number), 0, "teacher", held[row], row)
        for row, number in enumerate(order)
    ]


def forgotten_of(entries: Sequence[SetEntry], index: int) -> list[int]:
    """Return the frames that a round forgets."""
    return forget_indices([entry.held_out for entry in entries], FORGET, seed=index)


def next_entries(
    size: Size, entries: Sequence[SetEntry], forgotten: Sequence[int], index: int
) -> list[SetEntry]:
    """Return the index of a round's set: kept frames by the last student, new by the teacher."""
    held = draw_held_out(size.harvest, held_out_count(size.harvest, harvested=True), seed=index)
    new = [
        SetEntry(_identity(index, number), index, "teacher", held[number], number)
        for number in range(size.harvest)
    ]
    return next_pretraining_set(entries, forgotten, new, f"student {index - 1}")


def _identity(index: int, number: int) -> str:
    return f"round_{index:03d}/mo3o9_{number % RUNS:02d}/{number // RUNS}"
