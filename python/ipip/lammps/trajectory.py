"""The stored frames of a student run: coarse dump, ring and last frame as one trajectory."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ipip.data.electronic_state import atom_state_in
from ipip.data.frame import Frame, IntArray
from ipip.data.provenance import Provenance
from ipip.errors import InputError
from ipip.lammps.dump import DumpReader, read_dump
from ipip.lammps.dump_frame import DumpFrame
from ipip.lammps.run_record import (
    RUN_FILE,
    VERDICT_FILE,
    changed_frames,
    read_run_record,
    stored_verdict,
)
from ipip.lammps.units import units_of_run
from ipip.lammps.verdict import Verdict
from ipip.storage.sealed import DamagedError

_AGAIN = "repeat the run (in a run folder: `ipip rewind` to the stage that ran it)"


class RunTrajectory:
    """Frames of a run folder, in the orientation of the start frame and in order of steps.

    Args:
        folder: of a run of :func:`ipip.lammps.run_student_md`.
        name: stored as ``info["traj"]``; by default the folder's name.

    Attributes:
        symbols: element of each LAMMPS type.
        timestep: fs.
        units: unit style of its deck.
        model_digest: of the student's file, or None for another potential.
        biased: whether it was biased towards uncertain frames, so that the forces in its dumps
            include the bias.

    Raises:
        InputError: the folder is not of a run.
    """

    def __init__(self, folder: Path, name: str | None = None) -> None:
        self.folder = Path(folder)
        self.name = self.folder.name if name is None else name
        try:
            run = read_run_record(self.folder)
        except (OSError, DamagedError) as error:
            raise InputError(
                f"{self.folder} is not the folder of a student run: {error}"
            ) from error
        self._checked: dict[str, tuple[int, int, int]] = {}
        self.symbols: tuple[str, ...] = tuple(run["symbols"])
        self.timestep: float = float(run["timestep"])  # fs
        self.units = units_of_run(self.folder)
        self.model_digest: str | None = run.get("model_digest")
        self.biased = run.get("bias_ev") is not None
        self._rotation = np.array(run["rotation"])
        self._cell = np.array(run["cell"])
        self._pbc = np.array(run["pbc"], dtype=bool)
        self._state: dict[str, Any] = run.get("state", {})
        self._state_of_atoms: dict[str, Any] = run.get("state_of_atoms", {})

    @property
    def verdict(self) -> Verdict | None:
        """The verdict, or None for a running run.

        Raises:
            InputError: it is damaged.
        """
        try:
            return stored_verdict(self.folder)
        except DamagedError as error:
            raise InputError(f"{error}; {_AGAIN}") from None

    def steps(self) -> IntArray:
        """Return the steps of all stored frames, ascending and unique."""
        return np.array(sorted(self._sources()), dtype=np.int64)

    def frames(self, steps: Collection[int] | None = None) -> Iterator[Frame]:
        """Yield frames in order of steps, one at a time.

        Args:
            steps: of the frames to read; all stored ones by default.

        Raises:
            InputError: a file of a finished run, or a requested frame, is missing or changed.

        Yields:
            Frames with unwrapped positions (Å), the student's forces (eV/Å; none of a run with a
            bias, whose dumps include the force of the bias; no energy), and info ``traj`` and
            ``md_step``, and the electronic state (charge, spin, ...) of the start frame. Values of
            an exploded frame may not be finite.
        """
        sources = self._sources()
        selected = sorted(sources if steps is None else {int(step) for step in steps})
        missing = [step for step in selected if step not in sources]
        if missing:
            raise InputError(f"{self.folder}: the frame of step {missing[0]} is missing; {_AGAIN}")
        at = 0
        while at < len(selected):
            file = sources[selected[at]]
            last = at
            while last < len(selected) and sources[selected[last]] == file:
                last += 1
            yield from map(self._frame, self._read(file, selected[at:last]))
            at = last

    def _check(self) -> None:
        """Compare the files of a finished run with their digests, again only after a change."""
        try:
            files = [path for path in self.folder.rglob("*.dump") if path.is_file()]
            now = {}
            for path in [self.folder / RUN_FILE, self.folder / VERDICT_FILE, *files]:
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    now[str(path)] = (status.st_size, status.st_mtime_ns, status.st_ino)
            changed = [] if now == self._checked else changed_frames(self.folder)
        except DamagedError as error:
            raise InputError(f"{error}; {_AGAIN}") from None
        if changed:
            raise InputError(
                f"{self.folder}: {changed[0]} is missing or was changed after the run; {_AGAIN}"
            )
        self._checked = now

    def _sources(self) -> dict[int, Path]:
        """Map each stored step to its file."""
        self._check()
        ring = sorted((self.folder / "ring").glob("*.dump"))
        files = [self.folder / "last.dump", *ring, self.folder / "trajectory.dump"]
        sources: dict[int, Path] = {}
        for file in files:
            if file.exists():
                steps = self._read(file).steps()
                if (np.diff(steps) <= 0).any():
                    raise InputError(
                        f"{file}: its steps start again at {steps[1:][np.diff(steps) <= 0][0]}, so "
                        "that a step does not identify a frame: remove `reset_timestep` from the "
                        "deck after its dumps, or give the dump itself to `ipip harvest`"
                    )
                sources.update(dict.fromkeys(steps.tolist(), file))
        return sources

    def _read(self, file: Path, steps: Collection[int] | None = None) -> DumpReader:
        return read_dump(file, self.symbols, steps, units=self.units)

    def _frame(self, dumped: DumpFrame) -> Frame:
        assert dumped.numbers is not None  # the symbols are known
        back = self._rotation.T
        forces = None if dumped.forces is None or self.biased else dumped.forces @ back
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
            info=Provenance(traj=self.name, md_step=dumped.step, biased=self.biased).as_info()
            | self._state,
            arrays=atom_state_in(self._state_of_atoms, len(dumped.numbers)),
        )
