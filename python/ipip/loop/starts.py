"""The starting boxes of teacher and student MD."""

from __future__ import annotations

import dataclasses

from ipip.config.rounds import LoopSystem
from ipip.config.run import RunSettings
from ipip.data import Frame
from ipip.loop.seeds import derive_seed
from ipip.systems import build


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


def exploration_starts(settings: RunSettings) -> list[Start]:
    """Return the starts of every exploration; the same boxes in every round."""
    return [
        _start(
            settings,
            system,
            index,
            "explore",
            system.temperature or settings.teacher_md.temperature,
        )
        for system in settings.systems
        for index in range(system.runs)
    ]


def stability_starts(settings: RunSettings) -> list[Start]:
    """Return the starts of the stability runs; the same in every round, none of them explored."""
    stability = settings.stability
    md = stability.md or settings.student_md
    return [
        _start(
            settings,
            system,
            index,
            "stability",
            stability.temperature or system.temperature or md.temperature,
        )
        for system in settings.systems
        if not stability.systems or system.name in stability.systems
        for index in range(stability.runs)
    ]


def speed_box(settings: RunSettings) -> Frame:
    """Return the box on which teacher and student are timed."""
    system = settings.systems[0]
    copies = tuple(
        own * extra for own, extra in zip(system.replicate, settings.speed.replicate, strict=True)
    )
    larger = system.model_copy(update={"replicate": copies})
    return build(larger, derive_seed(settings.seed, "box", "speed", system.name, 0))


def _start(
    settings: RunSettings, system: LoopSystem, index: int, purpose: str, temperature: float
) -> Start:
    seed = derive_seed(settings.seed, "box", purpose, system.name, index)
    return Start(f"{system.name}_{index:02d}", system.name, build(system, seed), temperature)
