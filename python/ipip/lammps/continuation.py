"""How a killed run goes on: its last restart file that is what LAMMPS wrote, outputs cut to it."""

from __future__ import annotations

import contextlib
import dataclasses
import mmap
import re
import subprocess
from pathlib import Path

from ipip.lammps.process import lammps_command, lammps_environment
from ipip.lammps.run_record import VERDICT_FILE, read_run_record
from ipip.lammps.supervision import (
    DUMP,
    FIRST_ENERGY,
    RECORD,
    RESTART_FILES,
    RING,
    digest_of,
    is_as_noted,
    is_whole,
    read_record,
    write_record,
)
from ipip.storage.sealed import DamagedError

READ_LIMIT_S = 120.0  # for LAMMPS to read a restart file and say its step
STALL_S = 600.0  # a run that goes on and writes nothing for so long is ended, and begins anew
_FRAME = b"ITEM: TIMESTEP\n"
_BEFORE = re.compile(rb"(?:ITEM: UNITS\n[^\n]*\n)?(?:ITEM: TIME\n[^\n]*\n)?\Z")  # of a frame
_LONGEST = 128  # bytes of both
_ASK = 'read_restart {name}\nprint "$(step:%.0f) $(atoms:%.0f)" file {name}.step screen no\n'


@dataclasses.dataclass(frozen=True)
class Continuation:
    """Where a killed run goes on.

    Attributes:
        file: name of the restart file in the run's folder.
        step: MD step of that file.
        first_energy: eV, of the run's first step; 0 where its deck does not keep it.
        stall_s: s without a change of its files after which it is ended.
    """

    file: str
    step: int
    first_energy: float
    stall_s: float = STALL_S


def continue_from(folder: Path, digest: str, n_atoms: int, steps: int) -> Continuation | None:
    """Find the last restart file of the same job that can be believed; cut its outputs to its step.

    Restart files, dump, first energy and the frames of the ring that are not written again have to
    be what was digested while the run wrote them (see `ipip.lammps.supervision`): damage inside of
    a restart file may make LAMMPS spin, lose atoms, or go on from other velocities, none of which
    is the student's failure; and with fewer frames in the ring a harvest chooses others.

    Args:
        folder: of the run.
        digest: of the job; another job's files are of no use.
        n_atoms: of the job.
        steps: of the job.

    Returns:
        None where the run has to begin anew.
    """
    try:
        if read_run_record(folder)["digest"] != digest:
            return None
    except (OSError, DamagedError, KeyError):
        return None
    place, record = str(folder), read_record(str(folder))
    for name in (DUMP, FIRST_ENERGY):
        if name in record and not is_as_noted(place, name, record):
            return None
    whole = []
    for path in (folder / name for name in RESTART_FILES):
        if is_whole(str(path)) and is_as_noted(place, path.name, record):
            whole.append(path)
        else:
            path.unlink(missing_ok=True)
    times = [path.stat().st_mtime_ns for path in whole]
    for path in sorted(whole, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        found = _ask(path)
        if (
            found is None
            or found[1] != n_atoms
            or not 0 <= found[0] <= steps
            or not _ring_is_whole(folder, found[0], record)
        ):
            path.unlink()
            continue
        _cut_back(folder, found[0], record)
        between = (max(times) - min(times)) * 1e-9
        stall = max(STALL_S, 3.0 * between)
        return Continuation(path.name, found[0], _first_energy(folder), stall)
    return None


def _ask(path: Path) -> tuple[int, int] | None:
    """Return MD step and number of atoms of a restart file, which LAMMPS itself is asked for."""
    deck = path.with_name(f"in.{path.name}")
    answer = path.with_name(f"{path.name}.step")
    deck.write_text(_ASK.format(name=path.name), encoding="utf-8")
    try:
        subprocess.run(
            lammps_command("-in", deck.name, "-log", "none", "-screen", "none", "-nocite"),
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=lammps_environment(),
            check=False,
            timeout=READ_LIMIT_S,
        )
        step, atoms = answer.read_text(encoding="utf-8").split()
        return int(step), int(atoms)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
    finally:
        deck.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)


def _ring_is_whole(folder: Path, step: int, record: dict[str, tuple[str, int]]) -> bool:
    """Whether the ring's frames before a step, which are not written again, are all there.

    A frame that is gone may have made room for a later one; then there are as many as were noted.
    """
    there = {f"{RING}/{path.name}" for path in (folder / RING).glob("*.dump")}
    noted = {name for name in record if name.startswith(f"{RING}/")}

    def stays(name: str) -> bool:
        stem = Path(name).stem
        return stem.isdigit() and int(stem) < step

    if len(there) < len(noted) and any(map(stays, noted - there)):
        return False
    return all(is_as_noted(str(folder), name, record) for name in filter(stays, there))


def _cut_back(folder: Path, step: int, record: dict[str, tuple[str, int]]) -> None:
    """Remove what was written from this step on; it will be written again.

    The record is then of what is left.
    """
    (folder / VERDICT_FILE).unlink(missing_ok=True)  # it is of what is changed here
    place = str(folder)
    kept = [name for name in (*RESTART_FILES, FIRST_ENERGY) if (folder / name).exists()]
    for path in (folder / RING).glob("*.dump"):
        name = f"{RING}/{path.name}"
        if path.stem.isdigit() and int(path.stem) < step:
            kept.append(name)
        else:
            path.unlink()
    (folder / RECORD).unlink(missing_ok=True)  # killed from here on, the run begins anew
    cut_dump(folder / DUMP, step)
    lines = [f"{record[name][0]} {record[name][1]} {name}" for name in kept if name in record]
    if (folder / DUMP).exists():
        size = (folder / DUMP).stat().st_size
        lines.append(f"{digest_of(str(folder / DUMP))} {size} {DUMP}")
    write_record(place, lines)
    (folder / "last.dump").unlink(missing_ok=True)
    (folder / RING).mkdir(exist_ok=True)
    with contextlib.suppress(OSError), (folder / "log.before.lammps").open("ab") as before:
        before.write((folder / "log.lammps").read_bytes())


def cut_dump(path: Path, step: int) -> None:
    """Cut a text dump at its first frame with this or a later step; frames stand in order."""
    try:
        with path.open("r+b") as file:
            end = file.seek(0, 2)
            if end == 0:
                return
            cut = end
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                at = end
                while (at := text.rfind(_FRAME, 0, at)) >= 0:
                    line = text[at + len(_FRAME) : at + len(_FRAME) + 32].split(b"\n")
                    if len(line) > 1 and int(line[0]) < step:
                        break
                    head = text[max(0, at - _LONGEST) : at]
                    found = _BEFORE.search(head)
                    cut = at - (0 if found is None else len(found[0]))
            file.truncate(cut)
    except FileNotFoundError:
        return


def _first_energy(folder: Path) -> float:
    try:
        return float((folder / "first_energy.txt").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0.0
