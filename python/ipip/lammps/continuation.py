"""How a killed run goes on: its last whole restart file, and outputs cut back to it."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import mmap
import re
import subprocess
from pathlib import Path

from ipip.lammps.process import lammps_command, lammps_environment

RESTART_FILES = ("restart.a", "restart.b")
_MAGIC = b"LammpS RestartT"  # first and last thing in a restart file, see LAMMPS' lmprestart.h
_FRAME = b"ITEM: TIMESTEP\n"
_BEFORE = re.compile(rb"(?:ITEM: UNITS\n[^\n]*\n)?(?:ITEM: TIME\n[^\n]*\n)?\Z")  # of a frame
_LONGEST = 128  # bytes of both
_ASK_STEP = 'read_restart {name}\nprint "$(step:%.0f)" file {name}.step screen no\n'


@dataclasses.dataclass(frozen=True)
class Continuation:
    """Where a killed run goes on.

    Attributes:
        file: name of the restart file in the run's folder.
        step: MD step of that file.
        first_energy: eV, of the run's first step; 0 where its deck does not keep it.
    """

    file: str
    step: int
    first_energy: float


def continue_from(folder: Path, digest: str) -> Continuation | None:
    """Find the last whole restart file of the same job and cut its outputs back to that step.

    Args:
        folder: of the run.
        digest: of the job; another job's files are of no use.

    Returns:
        None where the run has to begin anew.
    """
    try:
        known = json.loads((folder / "run.json").read_text()).get("digest")
    except (OSError, ValueError):
        return None
    if known != digest:
        return None
    whole = [folder / name for name in RESTART_FILES if _is_whole(folder / name)]
    for path in sorted(whole, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        step = _step_of(path)
        if step is not None:
            _cut_back(folder, step)
            return Continuation(path.name, step, _first_energy(folder))
    return None


def _is_whole(path: Path) -> bool:
    """Whether a restart file was written to its end."""
    try:
        with path.open("rb") as file:
            head = file.read(len(_MAGIC))
            file.seek(-64, 2)
            return head == _MAGIC and _MAGIC in file.read()
    except OSError:
        return False


def _step_of(path: Path) -> int | None:
    """Return the MD step of a restart file, which LAMMPS itself is asked for."""
    deck = path.with_name(f"in.{path.name}")
    answer = path.with_name(f"{path.name}.step")
    deck.write_text(_ASK_STEP.format(name=path.name))
    try:
        subprocess.run(
            lammps_command("-in", deck.name, "-log", "none", "-screen", "none", "-nocite"),
            cwd=path.parent,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env=lammps_environment(),
            check=False,
        )
        return int(answer.read_text())
    except (OSError, ValueError):
        return None
    finally:
        deck.unlink(missing_ok=True)
        answer.unlink(missing_ok=True)


def _cut_back(folder: Path, step: int) -> None:
    """Remove what was written from this step on; it will be written again."""
    cut_dump(folder / "trajectory.dump", step)
    for path in (folder / "ring").glob("*.dump"):
        if not path.stem.isdigit() or int(path.stem) >= step:
            path.unlink()
    (folder / "last.dump").unlink(missing_ok=True)
    (folder / "ring").mkdir(exist_ok=True)
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
        return float((folder / "first_energy.txt").read_text())
    except (OSError, ValueError):
        return 0.0
