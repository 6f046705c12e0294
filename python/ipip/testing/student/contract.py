"""The list of a student's checks."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ipip.errors import InputError
from ipip.models import Student
from ipip.physics.laws.precision import FLOAT64
from ipip.physics.laws.structures import packed_box
from ipip.testing.checks import Check, ContractReport, run_checks, without
from ipip.testing.physics import physics_checks
from ipip.testing.student import consistency, files, ranks, training
from ipip.testing.student.graphs import potential
from ipip.testing.student.variants import require_registered, unhidden

SPREAD = 0.3

# Name, subject, body, and number of layers (None: as in the student).
BODIES: tuple[tuple[str, str, Callable[[Student], None], int | None], ...] = (
    ("order_of_pairs_changes_nothing", "", consistency.order_of_pairs_changes_nothing, None),
    ("a_batch_equals_one_by_one", "", consistency.a_batch_equals_one_by_one, None),
    ("float32_is_close_to_float64", "", consistency.float32_is_close_to_float64, None),
    ("a_very_close_pair_stays_finite", "", consistency.a_very_close_pair_stays_finite, None),
    (
        "training_gradients_are_finite",
        "bonded pair",
        functools.partial(training.gradients_are_finite, distance=1.9),
        None,
    ),
    (
        "training_gradients_are_finite",
        "far pair",
        functools.partial(training.gradients_are_finite, distance=30.0),
        None,
    ),
    ("force_gradients_are_derivatives", "", training.force_gradients_are_derivatives, None),
    ("gradient_of_a_batch_is_the_sum", "", training.gradient_of_a_batch_is_the_sum, None),
    ("a_saved_student_is_read_again", "", files.a_saved_student_is_read_again, None),
    ("halo_rows_count_as_their_owners", "", ranks.halo_rows_count_as_their_owners, 3),
    *(
        (
            "any_number_of_ranks_gives_the_same",
            f"{n} ranks",
            functools.partial(ranks.any_number_of_ranks_gives_the_same, n_ranks=n),
            3,
        )
        for n in (1, 2, 4)
    ),
    (
        "halo_widths_are_those_of_the_exchanges",
        "",
        ranks.halo_widths_are_those_of_the_exchanges,
        3,
    ),
    ("lammps_computes_the_same", "", files.lammps_computes_the_same, None),
)


def check_student(
    student: Student, *, spread: float = SPREAD, skip: Mapping[str, str] | None = None
) -> ContractReport:
    """Check that a student can be trained, exported and run in LAMMPS on any number of ranks.

    Energies, forces and stresses are checked like a calculator's, in float64; then gradients in
    the weights, batches, float32, the model file, TorchScript, halo rows, ranks and LAMMPS. The
    page `docs/python.md` lists the checks.

    Args:
        student: with new or trained weights. It is not changed: the checks use copies built from
            its `arguments`.
        spread: standard deviation of noise added to the copies' biases and norms, so that zeros do
            not hide errors.
        skip: names of checks to skip, each with the reason.

    Returns:
        The checks that passed, and the skipped ones with their reasons.

    Raises:
        ContractError: with a line for each check that fails.
        InputError: the architecture is not in `ipip.models.ARCHITECTURES`, or an argument is wrong.
    """
    return run_checks(student_checks(student, spread=spread, skip=skip))


def student_checks(
    student: Student, *, spread: float = SPREAD, skip: Mapping[str, str] | None = None
) -> list[Check]:
    """Return the checks of `check_student`, which has the arguments, without running them.

    Returns:
        The checks: call one to run it, or pass them to `parametrize_checks`.

    Raises:
        InputError: the architecture is not in `ipip.models.ARCHITECTURES`, or an argument is wrong.
    """
    require_registered(student)
    if not (np.isfinite(spread) and spread >= 0):
        raise InputError(f"spread is {spread}; expected 0 or more")

    def fresh(**changes: Any) -> Student:
        return unhidden(student, spread, **changes)

    checks = physics_checks(
        lambda: potential(fresh()),
        [packed_box(student.symbols), packed_box(student.symbols, seed=3, n=6, length=4.5)],
        FLOAT64,
        cutoff=student.cutoff,
        layers=student.layers,
    )
    rebuild = functools.partial(files.arguments_rebuild_it, student)
    checks.append(Check("arguments_rebuild_it", "", rebuild))
    for name, subject, body, layers in BODIES:
        changes = {"layers": layers} if layers and "layers" in student.arguments else {}
        run = functools.partial(_on_fresh, functools.partial(fresh, **changes), body)
        checks.append(Check(name, subject, run))
    for dtype in ("float64", "float32"):
        run = functools.partial(
            _on_fresh,
            functools.partial(fresh, dtype=dtype),
            files.the_scripted_file_computes_the_same,
        )
        checks.append(Check("the_scripted_file_computes_the_same", dtype, run))
    return without(checks, skip or {})


def _on_fresh(fresh: Callable[[], Student], body: Callable[[Student], None]) -> None:
    body(fresh())
