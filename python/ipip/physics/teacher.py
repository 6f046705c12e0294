"""A teacher, or any ASE calculator in settings, as a subject of checks."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from ase import Atoms

from ipip.physics.subject import Subject, physics_subject
from ipip.teachers import Teacher, TeacherCalculator


def teacher_subject(
    name: str,
    teacher: Teacher,
    structures: Sequence[Atoms] = (),
    symbols: Sequence[str] | None = None,
) -> Subject:
    """Return an open teacher as a subject of checks; the caller closes it.

    Its cutoff and number of layers are unknown: checks that need them do not apply.

    Raises:
        InputError: there is neither a structure nor an element.
    """
    subject = physics_subject(
        name,
        TeacherCalculator(teacher),
        structures,
        symbols=symbols,
        provenance={"kind": "teacher", "level": dataclasses.asdict(teacher.info)},
    )
    return dataclasses.replace(subject, in_process=False)
