"""How a killed run resumes: from its last undamaged restart file, with outputs cut to its step."""

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
    is_whole,
    matches_digest,
    read_record,
    write_record,
)
from ipip.storage.sealed import DamagedError

READ_LIMIT_S = 120.0  # for LAMMPS to read a restart file and print its step
STALL_S = 600.0  # a resumed run that writes nothing for so long is ended and restarted
_FRAME = b"ITEM: TIMESTEP\n"
_BEFORE = re.compile(rb"(?:ITEM: UNITS\n[^\n]*\n)?(?:ITEM: TIME\n[^\n]*\n)?\Z")  # of a frame
_LONGEST = 128  # bytes of both
_QUERY = 'read_restart {name}\nprint "$(step:%.0f) $(atoms:%.0f)" file {name}.step screen no\n'


@dataclasses.dataclass(frozen=True)
class Continuation:
    """The point from which a killed run resumes.

    Attributes:
        file: name of the restart file in the run's folder.
        step: MD step of that file.
        first_energy: eV, of the run's first step; 0 if its deck does not write it.
        stall_s: s without a change of its files, after which it is ended.
    """

    file: str
    step: int
    first_energy: float
    stall_s: float = STALL_S


def continue_from(folder: Path, digest: str, n_atoms: int, steps: int) -> Continuation | None:
    """Find the last valid restart file of the same job; cut the run's outputs to its step.

    Restart files, dump, first energy and the frames of the ring that are not written again must
    match their digests from the time of writing (see `ipip.lammps.supervision`): a damaged restart
    file may make LAMMPS hang, lose atoms, or resume from other velocities, which would look like a
    failure of the student; and with fewer frames in the ring a harvest selects others.

    Args:
        folder: of the run.
        digest: of the job; another job's files are not used.
        n_atoms: of the job.
        steps: of the job.

    Returns:
        None if the run has to start again.
    """
    try:
        if read_run_record(folder)["digest"] != digest:
            return None
    except (OSError, DamagedError, KeyError):
        return None
    place, record = str(folder), read_record(str(folder))
    for name in (DUMP, FIRST_ENERGY):
        if name in record and not matches_digest(place, name, record):
            return None
    whole = []
    for path in (folder / name for name in RESTART_FILES):
        if is_whole(str(path)) and matches_digest(place, path.name, record):
            whole.append(path)
        else:
            path.unlink(missing_ok=True)
    times = [path.stat().st_mtime_ns for path in whole]
    for path in sorted(whole, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        facts = _query(path)
        if (
            facts is None
            or facts[1] != n_atoms
            or not 0 <= facts[0] <= steps
            or not _ring_is_whole(folder, facts[0], record)
        ):
            path.unlink()
            continue
        _cut_back(folder, facts[0], record)
        between = (max(times) - min(times)) * 1e-9
        stall = max(STALL_S, 3.0 * between)
        return Continuation(path.name, facts[0], _first_energy(folder), stall)
    return None


def _query(path: Path) -> tuple[int, int] | None:
    """Return MD step and number of atoms of a restart file, as LAMMPS reads it."""
    deck = path.with_name(f"in.{path.name}")
    answer = path.with_name(f"{path.name}.step")
    deck.write_text(_QUERY.format(name=path.name), encoding="utf-8")
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
    """Return whether all ring frames before a step, which are not written again, exist.

    A missing frame may have made room for a later one; the number of frames then matches.
    """
    present = {f"{RING}/{path.name}" for path in (folder / RING).glob("*.dump")}
    noted = {name for name in record if name.startswith(f"{RING}/")}

    def stays(name: str) -> bool:
        stem = Path(name).stem
        return stem.isdigit() and int(stem) < step

    if len(present) < len(noted) and any(map(stays, noted - present)):
        return False
    return all(matches_digest(str(folder), name, record) for name in filter(stays, present))


def _cut_back(folder: Path, step: int, record: dict[str, tuple[str, int]]) -> None:
    """Remove the output from this step on; it will be written again.

    The record then describes the rest.
    """
    (folder / VERDICT_FILE).unlink(missing_ok=True)  # it describes frames that change here
    place = str(folder)
    unchanged = [name for name in (*RESTART_FILES, FIRST_ENERGY) if (folder / name).exists()]
    for path in (folder / RING).glob("*.dump"):
        name = f"{RING}/{path.name}"
        if path.stem.isdigit() and int(path.stem) < step:
            unchanged.append(name)
        else:
            path.unlink()
    (folder / RECORD).unlink(missing_ok=True)  # if killed from here on, the run starts again
    cut_dump(folder / DUMP, step)
    lines = [f"{record[name][0]} {record[name][1]} {name}" for name in unchanged if name in record]
    if (folder / DUMP).exists():
        size = (folder / DUMP).stat().st_size
        lines.append(f"{digest_of(str(folder / DUMP))} {size} {DUMP}")
    write_record(place, lines)
    (folder / "last.dump").unlink(missing_ok=True)
    (folder / RING).mkdir(exist_ok=True)
    with contextlib.suppress(OSError), (folder / "log.before.lammps").open("ab") as before:
        before.write((folder / "log.lammps").read_bytes())


def cut_dump(path: Path, step: int) -> None:
    """Cut a text dump at its first frame with this or a later step; frames are in order."""
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
                    facts = _BEFORE.search(head)
                    cut = at - (0 if facts is None else len(facts[0]))
            file.truncate(cut)
    except FileNotFoundError:
        return


def _first_energy(folder: Path) -> float:
    try:
        return float((folder / "first_energy.txt").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return 0.0
