"""Trial runs of a user's deck and pair-style options before any work starts."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from ase.data import atomic_numbers

from ipip.config.md import Guards, StudentMDSettings
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.lammps.run import StudentRun, execute

if TYPE_CHECKING:
    from ipip.models import Student

_SPACING = 3.0  # Å between the atoms of the trial box


def check_deck(
    md: StudentMDSettings,
    elements: Sequence[str],
    periodic: bool = True,
    student: Student | Path | None = None,
) -> None:
    """Run the deck of the settings for a few steps.

    Args:
        md: settings; nothing is run unless the user sets a deck, pair options or a device.
        elements: chemical symbols of the planned runs.
        periodic: whether their boxes are periodic.
        student: the student of the runs, as a file, or one with new weights of the same
            architecture; by default a small PaiNN, which needs PyTorch.

    Raises:
        InputError: the template cannot be filled in, LAMMPS refuses it, or it does not write what
            ipip reads.
    """
    what = md.own_parts()
    if not what:
        return
    short = {"frame_interval": 1, "ring_interval": 1, "ring_frames": 2, "thermo_interval": 1}
    trial = md.model_copy(update={"steps": 4, "restart_interval": 2, **short})
    trial = trial.model_copy(update={"minimize_steps": min(md.minimize_steps, 2)})
    with tempfile.TemporaryDirectory(prefix="ipip-deck-") as name:
        folder = Path(name)
        model = student if isinstance(student, Path) else folder / "student.pt"
        if not isinstance(student, Path):
            _write_untrained(student, elements, model)
        run = folder / "run"
        job = StudentRun(model, _box(elements, periodic), trial, Guards(), run, seed=1)
        try:
            verdict = execute(job)
        except InputError as error:
            raise InputError(_without_folder(f"{what}: {error}", run)) from None
        if verdict.state == "failed":
            raise InputError(
                _without_folder(
                    f"{what}: a trial run of 4 steps did not finish "
                    f"({verdict.message}); the package's deck shows the required output",
                    run,
                )
            )
        for file in ("trajectory.dump", "last.dump", "progress.txt"):
            if not (run / file).exists():
                raise InputError(f"{what}: writes no {file}, which ipip reads")
        if not list((run / "ring").glob("*.dump")):
            raise InputError(f"{what}: writes no ring/*.dump, which ipip reads")


def _write_untrained(student: Student | None, elements: Sequence[str], target: Path) -> None:
    from ipip.export import save_student
    from ipip.models import build_student

    if student is None:
        student = build_student("painn", list(elements), seed=1, channels=4, layers=1)
    student.set_energy_scale([0.0] * len(elements), 1e-3, 0.0)
    save_student(student, target)


def _box(elements: Sequence[str], periodic: bool) -> Frame:
    """Return two atoms of each element, far apart on a grid."""
    numbers = np.array([atomic_numbers[symbol] for symbol in elements] * 2)
    side = int(np.ceil(len(numbers) ** (1 / 3)))
    grid = np.stack(np.meshgrid(*[np.arange(side)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    return Frame(
        numbers=numbers,
        positions=_SPACING * (grid[: len(numbers)].astype(np.float64) + 0.5),
        cell=np.eye(3) * _SPACING * side if periodic else np.zeros((3, 3)),
        pbc=np.array([periodic] * 3),
    )


def _without_folder(text: str, folder: Path) -> str:
    return text.replace(f"student MD in {folder} cannot start: ", "").replace(f"{folder}/", "")
