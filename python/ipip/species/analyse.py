"""The reaction analysis of a dump, in one pass, with memory independent of its length."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from ipip.config.species import SpeciesSettings
from ipip.data.frame import IntArray
from ipip.errors import InputError
from ipip.lammps.dump_frame import DumpFrame
from ipip.lammps.timestep import agreed_timestep, keeps_timestep, timestep_of
from ipip.species.bonds import BondDistances, BondTracker, bond_distances
from ipip.species.events import Event
from ipip.species.follow import FrameChange, events_of
from ipip.species.lifetimes import LifeTable
from ipip.species.molecules import Molecules, formula, formula_counts
from ipip.species.network import ReactionCounts
from ipip.species.tables import SpeciesTables
from ipip.species.timeline import Timeline

Progress = Callable[[DumpFrame], None]


@dataclasses.dataclass(frozen=True)
class SpeciesResult:
    """The result of an analysis; tables with all details are in the folder.

    Attributes:
        frames: number of analysed frames.
        first_step, last_step: of them.
        n_atoms: atoms.
        composition: formula of the whole system.
        distances: when bonds form and break.
        follow: followed element, or None.
        events: number of events of each kind.
        lives: living molecules and sums over all species.
        reactions: number of each reaction.
        timeline: numbers over time, thinned.
        ended: why the analysis ended before the dump, or None.
        timestep: fs.
    """

    frames: int
    first_step: int
    last_step: int
    n_atoms: int
    composition: str
    distances: BondDistances
    follow: str | None
    events: dict[str, int]
    lives: LifeTable
    reactions: ReactionCounts
    timeline: Timeline
    ended: str | None
    timestep: float

    def followed(self) -> set[str]:
        """Species with the followed element; all species without one."""
        return {
            name
            for name in self.lives.species
            if self.follow is None or self.follow in formula_counts(name)
        }


def analyse_species(
    frames: Iterable[DumpFrame],
    settings: SpeciesSettings,
    folder: Path,
    progress: Progress | None = None,
) -> SpeciesResult:
    """Find molecules, events and lifetimes in the frames of a dump.

    Writes ``counts.csv``, ``events.csv``, ``molecules.csv`` (of the followed element) during the
    analysis and ``species.csv`` and ``reactions.csv`` at the end.

    Args:
        frames: of :func:`ipip.lammps.read_dump`; the same atoms in each.
        settings: bonds and followed element; without a time step, that of the frames' times is
            used, or 1 fs.
        folder: for the tables.
        progress: called with each analysed frame.

    Returns:
        The result. If atoms are added or removed, positions are not finite, steps start again or
        the time step changes, the analysis ends: ``ended`` has the reason; earlier frames count.

    Raises:
        InputError: no frames, unknown elements, an absent followed element, or another time step
            than in the settings.
    """
    analysis: _Analysis | None = None
    ended = None
    chosen = itertools.islice(frames, 0, None, settings.every)
    begin = list(itertools.islice(chosen, 2))
    where = "the dump (ITEM: TIME)"
    timestep = agreed_timestep(where, timestep_of(begin), settings.timestep) or 1.0
    with SpeciesTables(folder) as tables:
        for frame in itertools.chain(begin, chosen):
            if analysis is None:
                analysis = _Analysis(frame, settings, timestep, tables)
            else:
                ended = analysis.problem(frame)
            if ended is not None:
                break
            analysis.take(frame)
            if progress is not None:
                progress(frame)
        if analysis is None:
            raise InputError("the dump has no complete frame to analyse")
        return analysis.finish(ended)


class _Analysis:
    def __init__(
        self, frame: DumpFrame, settings: SpeciesSettings, timestep: float, tables: SpeciesTables
    ) -> None:
        if frame.numbers is None:
            raise InputError(
                "the elements of the dump are unknown: give the symbols of its types, in order "
                "(--symbols Mo,S,O), or write `element` columns with `dump_modify element`"
            )
        if frame.ids is None:
            raise InputError(
                "the dump has no column `id`, by which atoms are followed; add it to the dump"
            )
        if len(frame.numbers) == 0:
            raise InputError("the dump has no atoms")
        numbers, kinds = np.unique(frame.numbers, return_inverse=True)
        symbols = [chemical_symbols[number] for number in numbers]
        if settings.follow is not None and settings.follow not in symbols:
            raise InputError(
                f"follow is {settings.follow}, but the dump has {', '.join(symbols)}; follow one "
                "of these"
            )
        self._first = frame
        self._numbers: IntArray = frame.numbers
        self._ids: IntArray = frame.ids
        self._settings, self._timestep, self._tables = settings, timestep, tables
        self._kinds: IntArray = kinds.astype(np.int64)
        self._distances = bond_distances(symbols, settings)
        self._bonds = BondTracker(self._kinds, self._distances)
        self._molecules = Molecules(symbols, self._kinds)
        self._lives = LifeTable()
        self._timeline = Timeline()
        self._reactions = ReactionCounts()
        self._kind_counts: dict[str, int] = {}
        self._frames = self._events = 0
        self._step = frame.step
        problem = self.problem(frame)
        if problem is not None:
            raise InputError(f"the dump's first frame cannot be analysed: {problem}")

    def problem(self, frame: DumpFrame) -> str | None:
        """Return why the analysis cannot continue with a frame."""
        at = f"step {frame.step}"
        if self._frames and frame.step <= self._step:
            return f"steps start again at {at}"
        if not keeps_timestep(self._first, frame, self._timestep):
            return f"the time step is no longer {self._timestep:g} fs at {at}"
        if frame.numbers is None or len(frame.numbers) != len(self._numbers):
            now = 0 if frame.numbers is None else len(frame.numbers)
            return f"{len(self._numbers)} atoms at first, {now} at {at}; expected the same atoms"
        same_ids = frame.ids is not None and np.array_equal(frame.ids, self._ids)
        if not (same_ids and np.array_equal(frame.numbers, self._numbers)):
            return f"other atoms than at first at {at}"
        if not (np.isfinite(frame.positions).all() and np.isfinite(frame.cell).all()):
            return f"positions are not finite at {at}"
        if abs(float(np.linalg.det(frame.cell))) < 1e-8:
            return f"the box has no volume at {at}"
        return None

    def take(self, frame: DumpFrame) -> None:
        """Analyse a frame."""
        before = self._bonds.keys, self._bonds.born
        formed, broken = self._bonds.update(frame.step, frame.positions, frame.cell, frame.pbc)
        first = self._frames == 0
        if first or len(formed) or len(broken):
            of_atom = self._molecules.of_atom
            groups = self._molecules.update(self._bonds.keys)
            if first:
                for number in groups[0][1]:
                    self._lives.begin(number, self._molecules.formulas[number], frame.step, None)
            else:
                change = FrameChange(
                    step=frame.step,
                    frame=self._frames,
                    before=before,
                    after=(self._bonds.keys, self._bonds.born),
                    of_atom_before=of_atom,
                    formed=formed,
                    broken=broken,
                )
                for event in events_of(groups, change, self._molecules, self._settings):
                    self._record(event)
            self._tables.write_counts(frame.step, self._time(frame.step), self._lives.counts)
        self._timeline.add(frame.step, self._lives.counts)
        self._frames += 1
        self._step = frame.step

    def finish(self, ended: str | None) -> SpeciesResult:
        """Close the lifetimes of living molecules, and write the last tables."""
        for life in self._lives.close(self._step):
            if self._is_followed(life.formula):
                lived = self._time(self._step) - self._time(life.first_step)
                self._tables.write_molecule(life, self._step, lived, None)
        symbols = self._distances.symbols
        result = SpeciesResult(
            frames=self._frames,
            first_step=self._first.step,
            last_step=self._step,
            n_atoms=len(self._numbers),
            composition=formula(symbols, np.bincount(self._kinds).tolist()),
            distances=self._distances,
            follow=self._settings.follow,
            events=dict(sorted(self._kind_counts.items(), key=lambda item: -item[1])),
            lives=self._lives,
            reactions=self._reactions,
            timeline=self._timeline,
            ended=ended,
            timestep=self._timestep,
        )
        self._tables.write_species(self._lives, self._time)
        self._tables.write_reactions(self._reactions, self._time)
        return result

    def _record(self, event: Event) -> None:
        number, self._events = self._events, self._events + 1
        for kind in event.kinds:
            self._kind_counts[kind] = self._kind_counts.get(kind, 0) + 1
        self._tables.write_event(number, event, self._time(event.step), self._ids)
        if event.old == event.new:
            return
        self._reactions.add(event)
        for molecule in event.old:
            life = self._lives.end(molecule, event.step)
            if self._is_followed(life.formula):
                lived = self._time(event.step) - self._time(life.first_step)
                self._tables.write_molecule(life, event.step, lived, number)
        self._molecules.forget(event.old)
        for molecule in event.new:
            name = self._molecules.formulas[molecule]
            self._lives.begin(molecule, name, event.step, number)

    def _is_followed(self, name: str) -> bool:
        return self._settings.follow is not None and self._settings.follow in formula_counts(name)

    def _time(self, step: int) -> float:
        """Ps."""
        return step * self._timestep / 1000.0
