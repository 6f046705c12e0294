"""The properties of every potential, as checks on given structures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from ase import Atoms

from ipip.physics.laws import derivatives, dynamics, evaluation, locality, smoothness, symmetry
from ipip.physics.laws.evaluation import Evaluate
from ipip.physics.laws.precision import Precision
from ipip.physics.laws.structures import described, elements
from ipip.testing.checks import Check

NOT_PERIODIC = "the structure is not periodic in three directions"
NO_CUTOFF = "no cutoff was given, so the range of the interaction is unknown"

# On each structure; the last column is what the structure must have.
EACH = (
    ("the_result_is_complete", evaluation.result_is_complete, ""),
    ("forces_are_the_gradient_of_the_energy", derivatives.forces_are_the_gradient, ""),
    ("forces_sum_to_zero", derivatives.forces_sum_to_zero, ""),
    ("stress_is_the_strain_derivative", derivatives.stress_is_the_strain_derivative, "crystal"),
    ("rotation_turns_the_forces", symmetry.rotation_turns_the_forces, ""),
    ("reflection_mirrors_the_forces", symmetry.reflection_mirrors_the_forces, ""),
    ("translation_changes_nothing", symmetry.translation_changes_nothing, ""),
    ("wrapping_changes_nothing", symmetry.wrapping_changes_nothing, "period"),
    (
        "another_box_of_the_lattice_changes_nothing",
        symmetry.another_box_of_the_lattice_changes_nothing,
        "crystal",
    ),
    (
        "box_of_open_directions_changes_nothing",
        symmetry.box_of_open_directions_changes_nothing,
        "box",
    ),
    ("order_of_atoms_changes_nothing", symmetry.order_of_atoms_changes_nothing, ""),
    ("tags_and_momenta_change_nothing", symmetry.tags_change_nothing, ""),
    ("energy_is_extensive", symmetry.energy_is_extensive, "period"),
    ("energy_is_conserved_in_md", dynamics.energy_is_conserved, ""),
)


def physics_checks(
    potential: Callable[[], Evaluate],
    structures: Sequence[Atoms],
    precision: Precision,
    *,
    cutoff: float | None,
    layers: int,
) -> list[Check]:
    """Return the checks of a potential.

    Args:
        potential: returns an evaluator of structures; called by each check.
        structures: to check on.
        precision: for all bounds.
        cutoff: Å, the largest distance at which two atoms interact directly; None if unknown.
        layers: number of message-passing layers; 1 for a potential without message passing.
    """
    checks = []
    for atoms in structures:
        reasons = {
            "": "",
            "period": "" if atoms.pbc.any() else "the structure is not periodic",
            "box": "" if atoms.cell.any() else "the structure has no box",
            "crystal": "" if atoms.pbc.all() else NOT_PERIODIC,
        }
        for name, body, needs in EACH:
            run = partial(_on_structure, potential, body, atoms, precision)
            checks.append(Check(name, described(atoms), run, reasons[needs]))
    symbols, like = elements(structures), structures[0]
    unknown = NO_CUTOFF if cutoff is None else ""
    reach = cutoff or 0.0
    for name, derived, reason in (
        ("no_atoms_have_no_energy", lambda e: locality.no_atoms_have_no_energy(e), ""),
        (
            "a_lone_atom_feels_nothing",
            lambda e: locality.a_lone_atom_feels_nothing(e, like, symbols, cutoff, precision),
            "",
        ),
        (
            "far_atoms_do_not_interact",
            lambda e: locality.far_atoms_do_not_interact(e, like, symbols, reach, precision),
            unknown,
        ),
        (
            "far_moves_are_not_felt",
            lambda e: locality.far_moves_are_not_felt(e, like, symbols, reach, layers, precision),
            unknown,
        ),
        (
            "nothing_jumps_at_the_cutoff",
            lambda e: smoothness.nothing_jumps_at_the_cutoff(e, like, symbols, reach, precision),
            unknown,
        ),
        (
            "nothing_jumps_on_the_way_out",
            lambda e: smoothness.nothing_jumps_on_the_way_out(e, like, symbols, cutoff, precision),
            "",
        ),
    ):
        checks.append(Check(name, "", partial(_with_potential, potential, derived), reason))
    return checks


def _on_structure(
    potential: Callable[[], Evaluate],
    body: Callable[[Evaluate, Atoms, Precision], object],
    atoms: Atoms,
    precision: Precision,
) -> None:
    body(potential(), atoms, precision)


def _with_potential(potential: Callable[[], Evaluate], body: Callable[[Evaluate], object]) -> None:
    body(potential())
