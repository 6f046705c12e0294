"""The stored frames of a student run: coarse dump, ring and last frame as one trajectory."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ipip.data.electronic_state import atom_state_in
from ipip.data.frame import Frame, IntArray
from ipip.errors import InputError
from ipip.lammps.dump import DumpReader, read_dump
from ipip.lammps.dump_frame import DumpFrame
from ipip.lammps.run import read_verdict
from ipip.lammps.units import units_of_run
from ipip.lammps.verdict import Verdict


class RunTrajectory:
    """Frames of a run folder, in the orientation of the start frame and in order of steps.

    Args:
        folder: of a run of :func:`ipip.lammps.run_student_md`.
        name: becomes ``info["traj"]``; the folder's name by default.

    Attributes:
        symbols: element of each LAMMPS type.
        timestep: fs.
        units: LAMMPS' unit style of its deck.
        model_digest: of the student's file, or None where another potential ran.

    Raises:
        InputError: the folder is not that of a run.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.folder = Path(folder)
        self.name = self.folder.name if name is None else name
        try:
            run = json.loads((self.folder / "run.json").read_text())
        except (OSError, ValueError) as error:
            raise InputError(
                f"{self.folder} is not the folder of a student run: {error}"
            ) from error
        self.symbols: tuple[str, ...] = tuple(run["symbols"])
        self.timestep: float = float(run["timestep"])  # fs
        self.units = units_of_run(self.folder)
        self.model_digest: str | None = run.get("model_digest")
        self._rotation = np.array(run["rotation"])
        self._cell = np.array(run["cell"])
        self._pbc = np.array(run["pbc"], dtype=bool)
        self._state: dict[str, Any] = run.get("state", {})
        self._state_of_atoms: dict[str, Any] = run.get("state_of_atoms", {})

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, or None of a run that has not ended."""
        return read_verdict(self.folder)

    def steps(self) -> IntArray:
        """Steps of all stored frames, ascending, each once."""
        return np.array(sorted(self._sources()), dtype=np.int64)

    def frames(self, steps: Collection[int] | None = None) -> Iterator[Frame]:
        """Yield frames in order of steps, one at a time.

        Args:
            steps: of the frames to read; all stored ones by default.

        Yields:
            Frames with unwrapped positions (Å), the student's forces (eV/Å; no energy), and info
            ``traj`` and ``md_step``, and the electronic state (charge, spin, ...) of the start
            frame. Values of an exploded frame may be not finite.
        """
        sources = self._sources()
        wanted = sorted(sources if steps is None else {int(s) for s in steps} & set(sources))
        at = 0
        while at < len(wanted):
            file = sources[wanted[at]]
            last = at
            while last < len(wanted) and sources[wanted[last]] == file:
                last += 1
            yield from map(self._frame, self._read(file, wanted[at:last]))
            at = last

    def _sources(self) -> dict[int, Path]:
        """Map each stored step to the file that has it."""
        ring = sorted((self.folder / "ring").glob("*.dump"))
        files = [self.folder / "last.dump", *ring, self.folder / "trajectory.dump"]
        sources: dict[int, Path] = {}
        for file in files:
            if file.exists():
                steps = self._read(file).steps()
                if (np.diff(steps) <= 0).any():
                    raise InputError(
                        f"{file}: its steps start again at {steps[1:][np.diff(steps) <= 0][0]}, so "
                        "that a step does not name a frame: leave `reset_timestep` out of the "
                        "deck behind its dumps, or give the dump itself to `ipip harvest`"
                    )
                sources.update(dict.fromkeys(steps.tolist(), file))
        return sources

    def _read(self, file: Path, steps: Collection[int] | None = None) -> DumpReader:
        return read_dump(file, self.symbols, steps, units=self.units)

    def _frame(self, dumped: DumpFrame) -> Frame:
        assert dumped.numbers is not None  # the symbols are known
        back = self._rotation.T
        forces = None if dumped.forces is None else dumped.forces @ back
        cell = self._cell
        turned = dumped.cell @ back
        if self._pbc.all() and not np.allclose(turned, cell, atol=1e-6):
            cell = turned  # a deck that changes the box
        return Frame(
            numbers=dumped.numbers,
            positions=dumped.positions @ back,
            cell=cell,
            pbc=self._pbc,
            forces=forces,
            info={"traj": self.name, "md_step": dumped.step, **self._state},
            arrays=atom_state_in(self._state_of_atoms, len(dumped.numbers)),
        )
