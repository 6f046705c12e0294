"""One student MD run: writes the deck, runs LAMMPS, judges the outcome."""

from __future__ import annotations

import dataclasses
import json
import shutil
import threading
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols

from ipip.config.influence import without_influence_as_default
from ipip.config.md import Guards, StudentMDSettings
from ipip.data.digest import frames_digest
from ipip.data.frame import Frame
from ipip.data.parsed import plain
from ipip.errors import InputError, IpipError
from ipip.lammps.continuation import Continuation, continue_from
from ipip.lammps.deck import (
    METAL,
    MODEL_NAME,
    PairCommands,
    place_model,
    render_deck,
    student_pair,
    template_text,
    wrong_units,
)
from ipip.lammps.geometry import lammps_box, write_data
from ipip.lammps.process import lammps_command, lammps_environment
from ipip.lammps.program import PROGRAM_FILE, program_of
from ipip.lammps.run_facts import read_facts
from ipip.lammps.run_record import (
    REMOVED,
    VERDICT_FILE,
    changed_frames,
    stored_verdict,
    write_run_record,
    write_verdict,
)
from ipip.lammps.supervision import RECORD, RESTART_FILES, STALLED, run_to_end
from ipip.lammps.verdict import Bounds, Pair, RunFacts, Verdict, judge
from ipip.storage.digest import bytes_digest, file_digest, hex_digest
from ipip.storage.sealed import DamagedError
from ipip.uncertainty.record import require_uncertainty

LAMMPS_ARGUMENTS = ("-in", "in.lammps", "-log", "log.lammps", "-nocite")
_INPUTS = ("in.lammps", "start.data", "run.json")
_OUTPUTS = ("log.lammps", "screen.txt", "trajectory.dump", "last.dump", "end.txt", "progress.txt")
_KEPT = ("log.before.lammps", "first_energy.txt", RECORD, *RESTART_FILES)
_OWN_FILES = (*_INPUTS, *_OUTPUTS, *_KEPT, MODEL_NAME, VERDICT_FILE, REMOVED)


@dataclasses.dataclass(frozen=True)
class StudentRun:
    """One run of a student's MD.

    Attributes:
        model: student file.
        frame: start configuration.
        md: temperature, steps, ring, ...
        guards: bounds of a stable run.
        folder: of this run only.
        seed: of velocities and noise.
        min_distances: calibrated minimum distance (Å) of each pair of elements, sorted by symbol;
            bounds that are already scaled.
        pair: commands of another potential, for which ``symbols`` must be given; None: the model's.
        symbols: element of each LAMMPS type; None: the model's elements that the frame has.
        program: the same student in a file of ours, see :func:`ipip.lammps.program.program_of`;
            None: the model itself, whose program LAMMPS runs if no kernels can.
    """

    model: Path
    frame: Frame
    md: StudentMDSettings
    guards: Guards
    folder: Path
    seed: int
    min_distances: Mapping[Pair, float] = dataclasses.field(default_factory=dict)
    pair: PairCommands | None = None
    symbols: tuple[str, ...] | None = None
    program: Path | None = None

    @property
    def bounds(self) -> Bounds:
        """The bounds of this run, from guards, temperature and number of atoms."""
        return Bounds(
            temperature=self.guards.temperature_limit(self.md.temperature, len(self.frame)),
            force=self.guards.max_force,
            distances={(min(p), max(p)): d for p, d in self.min_distances.items()},
            energy_change=self.guards.max_energy_change,
            energy_jump=self.guards.max_energy_jump,
            uncertainty=self.guards.max_uncertainty if self.pair is None else None,
        )

    def digest(self) -> str:
        """Return a fingerprint of everything that affects the outcome."""
        model = file_digest(self.model) if self.pair is None else repr(self.pair)
        deck = None if self.md.deck is None else hex_digest(template_text(self.md.deck).encode())
        plain = {
            "model": model,
            "frame": frames_digest([self.frame]),
            "md": without_influence_as_default(self.md).model_dump(
                mode="json", exclude={"deck"} | ({"bias"} if self.md.bias is None else set())
            ),
            "deck": deck,
            "guards": self.guards.model_dump(mode="json", exclude=_without_bound(self.guards)),
            "seed": self.seed,
            "distances": sorted((*pair, d) for pair, d in self.min_distances.items()),
            "symbols": self.symbols,
        }
        return bytes_digest(json.dumps(plain, sort_keys=True).encode())


def _without_bound(guards: Guards) -> set[str]:
    """Return the fields of inactive guards that digests of older versions lack."""
    return {"max_uncertainty"} if guards.max_uncertainty is None else set()


def run_student_md(
    model: Path,
    frame: Frame,
    md: StudentMDSettings,
    guards: Guards,
    folder: Path,
    seed: int,
    min_distances: Mapping[Pair, float] | None = None,
) -> Verdict:
    """Run a student in LAMMPS from a frame and judge it: `StudentRun`, which has the arguments.

    Returns:
        The verdict, also stored in ``folder/verdict.json``.

    Raises:
        InputError: the model, the frame's elements or the deck are wrong.
    """
    program = program_of(model, md, folder / PROGRAM_FILE)
    distances = min_distances or {}
    return execute(StudentRun(model, frame, md, guards, folder, seed, distances, program=program))


def execute(
    job: StudentRun, cancel: threading.Event | None = None, resume: bool = False
) -> Verdict:
    """Run a job in its folder.

    Args:
        job: what to run.
        cancel: set it to kill the run; :class:`IpipError` is then raised.
        resume: resume from the last undamaged restart file, if the same job was killed. Without
            it, or without such a file, the output of an earlier run is removed. A resumed run
            is not bit-for-bit equal to an unbroken one: LAMMPS sums in another order, and a
            Langevin thermostat draws other noise.
    """
    prepared = prepare(job, resume)
    stall = None if prepared.continuation is None else prepared.continuation.stall_s
    return conclude(job, prepared, _run_lammps(job.folder, cancel, stall), cancel)


@dataclasses.dataclass(frozen=True)
class Prepared:
    """A job with a folder that is ready for LAMMPS.

    Attributes:
        symbols: element of each LAMMPS type.
        digest: of the job.
        continuation: the point from which a killed run resumes, or None.
    """

    symbols: tuple[str, ...]
    digest: str
    continuation: Continuation | None


def prepare(job: StudentRun, resume: bool = False) -> Prepared:
    """Write the deck and its inputs into the job's folder; see :func:`execute`.

    Raises:
        InputError: the model, the frame's elements or the deck are wrong.
    """
    symbols = job.symbols or _symbols(job)
    if job.bounds.uncertainty is not None or (job.pair is None and job.md.bias is not None):
        require_uncertainty(job.model)
    pair = job.pair or student_pair(
        job.program or job.model, symbols, job.md.pair_keywords(), job.md.device
    )
    digest = job.digest()
    continuation = None
    if resume:
        continuation = continue_from(job.folder, digest, len(job.frame), job.md.steps)
    prepared = Prepared(symbols, digest, continuation)
    _prepare(job, pair, prepared)
    return prepared


def conclude(
    job: StudentRun, prepared: Prepared, code: int, cancel: threading.Event | None = None
) -> Verdict:
    """Judge a run that has ended with this exit status, and store the verdict.

    Args:
        job: of the run.
        prepared: by :func:`prepare`.
        code: negative: a signal; STALLED: it resumed from a restart file and wrote nothing, so it
            is restarted here.
        cancel: see :func:`execute`.

    Raises:
        InputError: LAMMPS could not start the run, or the user's deck has other units or another
            time step than the settings.
    """
    if code == STALLED:
        return execute(job, cancel)
    facts = read_facts(
        job.folder,
        steps=job.md.steps,
        n_atoms=len(job.frame),
        symbols=prepared.symbols,
        return_code=code,
    )
    _check_units(job, facts)
    verdict = judge(facts, job.bounds)
    if verdict.reason == "input":
        if prepared.continuation is not None:  # the restart file is unusable
            return execute(job, cancel)
        raise InputError(f"student MD in {job.folder} cannot start: {verdict.message}")
    write_verdict(job.folder, prepared.digest, verdict)
    return verdict


def _check_units(job: StudentRun, facts: RunFacts) -> None:
    """Refuse a run in other units or with another time step than guards and readers assume."""
    what = f"student MD in {job.folder}: the deck"
    if facts.units not in (None, METAL):
        raise InputError(f"{what} {wrong_units(facts.units)}")
    timestep = None if facts.timestep is None else 1000.0 * facts.timestep
    if timestep is not None and abs(timestep - job.md.timestep) > 1e-6 * job.md.timestep:
        raise InputError(
            f"{what} runs with a time step of {timestep:g} fs, but `timestep` of the settings is "
            f"{job.md.timestep:g} fs: write `timestep {{{{ timestep }}}}` in it, or change the "
            "setting"
        )


def known_verdict(job: StudentRun, *, frames: bool = True) -> Verdict | None:
    """Return the stored verdict of the same job, unless the run broke.

    Args:
        job: of the run.
        frames: its frames, too, must be unchanged.
    """
    stored = read_verdict(job.folder, job.digest())
    if stored is None or stored.state == "failed":
        return None
    return None if frames and changed_frames(job.folder) else stored


def read_verdict(folder: Path, digest: str | None = None) -> Verdict | None:
    """Return the verdict of a finished run, or None if there is none or it is damaged.

    Args:
        folder: of the run.
        digest: accept only the verdict of a job with this digest.
    """
    try:
        return stored_verdict(Path(folder), digest)
    except (OSError, DamagedError):
        return None


def _symbols(job: StudentRun) -> tuple[str, ...]:
    """Return the elements of the frame in the order of the model's types."""
    from ipip.export import read_metadata

    symbols = read_metadata(job.model).symbols
    present = {chemical_symbols[number] for number in np.unique(job.frame.numbers)}
    missing = sorted(present - set(symbols))
    if missing:
        raise InputError(
            f"student {job.model} does not have {', '.join(missing)} (it has "
            f"{', '.join(symbols)}); train one with these elements or change the system"
        )
    return tuple(symbol for symbol in symbols if symbol in present)


def _prepare(job: StudentRun, pair: PairCommands, prepared: Prepared) -> None:
    symbols, continuation = prepared.symbols, prepared.continuation
    if len(job.frame) == 0:
        raise InputError("student MD needs atoms; the start frame has none")
    if not np.isfinite(job.frame.positions).all():
        raise InputError("the start frame of a student MD has positions that are not finite")
    if job.md.ensemble == "npt" and not job.frame.pbc.all():
        raise InputError(
            f"student MD in {job.folder}: ensemble npt needs a box that is periodic in all "
            f"directions, this one has pbc {job.frame.pbc.tolist()}; use ensemble nvt"
        )
    box = lammps_box(job.frame)
    deck = render_deck(
        job.md,
        job.bounds,
        pair,
        symbols,
        boundary=box.boundary,
        n_atoms=len(job.frame),
        # Noise must not repeat in the resumed part.
        seed=job.seed + (0 if continuation is None else continuation.step),
        restart="" if continuation is None else continuation.file,
        first_energy=0.0 if continuation is None else continuation.first_energy,
    )
    folder = job.folder
    folder.mkdir(parents=True, exist_ok=True)
    record = {
        "symbols": list(symbols),
        "rotation": box.rotation.tolist(),
        "cell": job.frame.cell.tolist(),
        "pbc": job.frame.pbc.tolist(),
        "seed": job.seed,
        "timestep": job.md.timestep,
        "state": plain(job.frame.state),
        "state_of_atoms": plain(job.frame.arrays),
        "digest": prepared.digest,
        "model_digest": None if job.pair is not None else file_digest(job.model),
        "bias_ev": None if job.md.bias is None else job.md.bias.energy,
    }
    if continuation is not None:
        (folder / VERDICT_FILE).unlink(missing_ok=True)
        (folder / "end.txt").unlink(missing_ok=True)
        place_model(pair, folder)
        (folder / "in.lammps").write_text(deck, encoding="utf-8")
        return
    for name in _OWN_FILES:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "ring", ignore_errors=True)
    (folder / "ring").mkdir()
    write_data(folder / "start.data", job.frame, symbols, box)
    place_model(pair, folder)
    (folder / "in.lammps").write_text(deck, encoding="utf-8")
    write_run_record(folder, record)


def _run_lammps(folder: Path, cancel: threading.Event | None, stall_s: float | None) -> int:
    """Run the deck with one thread; return the exit status (negative: signal; or STALLED)."""
    code = run_to_end(
        lammps_command(*LAMMPS_ARGUMENTS),
        str(folder),
        lammps_environment(),
        stall_s,
        lambda: cancel is not None and cancel.is_set(),
    )
    if code is None:
        raise IpipError(f"student MD in {folder} was cancelled")
    return code
