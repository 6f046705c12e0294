"""The starting boxes of teacher and student MD."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence

from ipip.config.rounds import LoopSystem
from ipip.config.run import RunSettings, UnlabelledSettings
from ipip.data import Frame
from ipip.pipeline.cost import RunSizes
from ipip.pipeline.seeds import derive_seed
from ipip.systems import build, count_atoms, enlarged


@dataclasses.dataclass(frozen=True)
class Start:
    """One MD run's start.

    Attributes:
        name: of the run, ``ring-1S2_02``.
        system: name of the system.
        frame: the box.
        temperature: K.
    """

    name: str
    system: str
    frame: Frame
    temperature: float


def exploration_starts(settings: UnlabelledSettings, temperature: float) -> list[Start]:
    """Return the starts of every exploration; the same boxes in every round.

    Args:
        settings: of the run.
        temperature: of the teacher's or the student's MD, K, for systems that name none.
    """
    return _start_each(settings, "explore", temperature)


def frame_starts(settings: UnlabelledSettings) -> list[Start]:
    """Return the starts of the MD that makes frames to label, which no loop explores.

    The student would be trained on a frame from the loop's own MD by the teacher's label, so
    held-out errors on it would be too small.
    """
    return [
        dataclasses.replace(start, name=f"labels-{start.name}")
        for start in _start_each(settings, "labels", settings.teacher_md.temperature)
    ]


def stability_starts(settings: RunSettings) -> list[Start]:
    """Return the starts of the stability runs; the same in every round, none of them explored."""
    stability = settings.stability
    default = (stability.md or settings.student_md).temperature
    return [
        start
        for system, runs in _stability_systems(settings)
        for start in _starts(
            settings,
            system,
            runs,
            "stability",
            stability.temperature or system.temperature or default,
        )
    ]


def run_sizes(settings: RunSettings, boxes: Sequence[int] | None = None) -> RunSizes:
    """Return the size of a run, without building a box.

    Args:
        settings: of the run.
        boxes: atoms of each exploration start; counted where not given.
    """
    explored = [n for system in settings.systems for n in [count_atoms(system)] * system.runs]
    stability = [
        n for system, runs in _stability_systems(settings) for n in [count_atoms(system)] * runs
    ]
    return RunSizes(settings, tuple(boxes or explored), tuple(stability))


def _stability_systems(settings: RunSettings) -> list[tuple[LoopSystem, int]]:
    """Return the systems of the stability runs, and the number of runs of each."""
    stability = settings.stability
    chosen = [
        (system, stability.runs)
        for system in settings.systems
        if not stability.systems or system.name in stability.systems
    ]
    return [*chosen, *((extra, extra.runs) for extra in stability.extra)]


def speed_box(settings: RunSettings) -> Frame:
    """Return the box with which teacher and student are timed."""
    system = settings.systems[0]
    box = build(system, derive_seed(settings.seed, "box", "speed", system.name, 0))
    return enlarged(box, settings.speed.replicate)


def _start_each(settings: UnlabelledSettings, purpose: str, temperature: float) -> list[Start]:
    return [
        start
        for system in settings.systems
        for start in _starts(
            settings, system, system.runs, purpose, system.temperature or temperature
        )
    ]


def _starts(
    settings: UnlabelledSettings, system: LoopSystem, runs: int, purpose: str, temperature: float
) -> Iterator[Start]:
    """Yield the starts of one system; a box that all runs share is built once."""
    frame = None
    for index in range(runs):
        if frame is None or system.boxes == "each":
            seed = derive_seed(settings.seed, "box", purpose, system.name, index)
            frame = build(system, seed)
        yield Start(f"{system.name}_{index:02d}", system.name, frame, temperature)
