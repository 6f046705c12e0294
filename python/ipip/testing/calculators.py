"""The contract of ASE calculators."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

import numpy as np
from ase import Atoms

from ipip.errors import InputError
from ipip.physics.laws.calculator import evaluate
from ipip.physics.laws.evaluation import Evaluate, require_same
from ipip.physics.laws.precision import Precision, precision_of
from ipip.physics.laws.structures import described
from ipip.testing.checks import Check, ContractError, ContractReport, run_checks, without
from ipip.testing.physics import physics_checks

Factory = Callable[[], Any]
SHAKE = 0.05  # Å


def check_calculator(
    make: Factory,
    structures: Atoms | Iterable[Atoms],
    *,
    cutoff: float | None = None,
    layers: int = 1,
    precision: str | Precision = "float64",
    shake: float = SHAKE,
    skip: Mapping[str, str] | None = None,
) -> ContractReport:
    """Check that an ASE calculator is a valid potential for MD.

    Forces and stress are derivatives of the energy; rotation, translation, the choice of the box
    and the order of atoms change nothing; nothing jumps; distant atoms have no influence; a short
    MD run conserves the energy; results do not depend on earlier evaluations. The page
    `docs/python.md` lists the checks. PyTorch is not needed.

    Args:
        make: creates the calculator, such as `lambda: EMT()`. It may return the same one each time
            if creation is expensive; independence from earlier evaluations is then checked less.
        structures: one or more structures of the calculator's elements. They are copied, and atoms
            are displaced slightly, since symmetry hides errors in a perfect crystal.
        cutoff: Å, the distance beyond which two atoms do not interact directly; None if there is no
            such distance. The checks of locality need it.
        layers: number of message-passing layers; 2 if the energy of an atom depends on its
            neighbours' neighbours.
        precision: `float64`, `float32`, or a `Precision` with other bounds.
        shake: Å, standard deviation of the displacements of atoms.
        skip: names of checks to skip, each with the reason; `NAME[STRUCTURE]`, as in reports of
            failures, for one structure.

    Returns:
        The checks that passed, and the skipped ones with their reasons.

    Raises:
        ContractError: with a line for each check that fails.
        InputError: an argument is wrong.
    """
    return run_checks(
        calculator_checks(
            make,
            structures,
            cutoff=cutoff,
            layers=layers,
            precision=precision,
            shake=shake,
            skip=skip,
        )
    )


def calculator_checks(
    make: Factory,
    structures: Atoms | Iterable[Atoms],
    *,
    cutoff: float | None = None,
    layers: int = 1,
    precision: str | Precision = "float64",
    shake: float = SHAKE,
    skip: Mapping[str, str] | None = None,
) -> list[Check]:
    """Return the checks of `check_calculator`, which has the arguments, without running them.

    Returns:
        The checks: call one to run it, or pass them to `parametrize_checks`.

    Raises:
        InputError: an argument is wrong.
    """
    if not callable(make):
        raise InputError(
            f"make is {make!r}; expected a function that makes a calculator, such as lambda: EMT()"
        )
    if cutoff is not None and not (np.isfinite(cutoff) and cutoff > 0):
        raise InputError(f"cutoff is {cutoff}; expected a distance above 0 Å, or None")
    if layers < 1:
        raise InputError(f"layers is {layers}; expected 1 or more")
    if not (np.isfinite(shake) and shake >= 0):
        raise InputError(f"shake is {shake}; expected 0 Å or more")
    systems = _shaken(structures, shake)
    bounds = precision_of(precision)
    checks = physics_checks(
        lambda: partial(evaluate, make()),
        systems,
        bounds,
        cutoff=cutoff,
        layers=layers,
    )
    for atoms in systems:
        for name, body in (
            ("moves_leave_no_trace", _moves_leave_no_trace),
            ("other_systems_leave_no_trace", _other_systems_leave_no_trace),
            ("a_copy_computes_the_same", _a_copy_computes_the_same),
            ("what_is_not_a_number_shows", _what_is_not_a_number_shows),
        ):
            checks.append(Check(name, described(atoms), partial(body, make, atoms, bounds)))
    return without(checks, skip or {})


def _shaken(structures: Atoms | Iterable[Atoms], shake: float) -> list[Atoms]:
    items = [structures] if isinstance(structures, Atoms) else list(structures)
    if not items:
        raise InputError(
            "structures is empty; give at least one ase.Atoms of the calculator's elements"
        )
    systems = []
    for index, atoms in enumerate(items):
        if not isinstance(atoms, Atoms) or not len(atoms):
            raise InputError(
                f"structure {index} is {atoms!r}; expected an ase.Atoms with at least one atom"
            )
        system = atoms.copy()
        system.set_constraint()
        rng = np.random.default_rng(index)
        system.positions += rng.normal(scale=shake, size=system.positions.shape)
        systems.append(system)
    return systems


def _same_as_new(
    reused: Evaluate, make: Factory, what: str, atoms: Atoms, precision: Precision
) -> None:
    require_same(what, reused(atoms), evaluate(make(), atoms), precision, factor=10.0)


def _moves_leave_no_trace(make: Factory, atoms: Atoms, precision: Precision) -> None:
    """As in MD: a calculator with earlier steps gives the results of a new one."""
    reused = partial(evaluate, make())
    rng = np.random.default_rng(0)
    moving = atoms.copy()
    reused(moving)
    for step in range(8):
        moving.positions += rng.normal(scale=0.06, size=moving.positions.shape)
        if step == 5:
            moving.positions[-1] += [0.8, 0.1, -0.6]
        what = f"after {step + 1} moves, the"
        _same_as_new(reused, make, what, moving, precision)


def _other_systems_leave_no_trace(make: Factory, atoms: Atoms, precision: Precision) -> None:
    """Results after another box, other periodic directions, elements and numbers of atoms."""
    reused = partial(evaluate, make())
    reused(atoms)
    for what, other in _other_systems(atoms):
        _same_as_new(reused, make, f"after another system, with {what}, the", other, precision)


def _other_systems(atoms: Atoms) -> Iterable[tuple[str, Atoms]]:
    if atoms.pbc.any():
        other = atoms.copy()
        other.set_cell(atoms.cell.array @ (np.eye(3) * 1.02 + 0.01), scale_atoms=True)
        yield "another box", other
        other = atoms.copy()
        other.set_cell(atoms.cell.array * 1.1)
        yield "another box and the same positions", other
        open_box = atoms.copy()
        open_box.pbc = False
        yield "no periodic directions", open_box
    kinds = list(dict.fromkeys(atoms.numbers.tolist()))
    if len(kinds) > 1:
        other = atoms.copy()
        other.numbers = [kinds[(kinds.index(z) + 1) % len(kinds)] for z in atoms.numbers]
        yield "other elements", other
    if len(atoms) > 1:
        yield "an atom less", atoms[1:]
    yield "the first system again", atoms


def _a_copy_computes_the_same(make: Factory, atoms: Atoms, precision: Precision) -> None:
    """Copies and pickles, as for processes and images of a band, share no state."""
    calculator = make()
    expected = evaluate(calculator, atoms)
    other = atoms.copy()
    other.positions += np.random.default_rng(1).normal(scale=0.05, size=other.positions.shape)
    for way, copied in (
        ("copy.deepcopy", copy.deepcopy(calculator)),
        ("pickle", pickle.loads(pickle.dumps(calculator))),
    ):
        what = f"of a copy by {way}, the"
        _same_as_new(partial(evaluate, copied), make, what, other, precision)
        require_same(what, evaluate(copied, atoms), expected, precision, factor=10.0)
        what = f"of the calculator after its copy by {way} was used, the"
        require_same(what, evaluate(calculator, atoms), expected, precision, factor=10.0)


def _what_is_not_a_number_shows(make: Factory, atoms: Atoms, precision: Precision) -> None:
    """A NaN position gives an error, or results that are not finite."""
    calculator = make()
    evaluate(calculator, atoms)
    broken = atoms.copy()
    broken.positions[-1, 1] = np.nan
    try:
        result = evaluate(calculator, broken)
    except Exception:
        return
    if np.isfinite(result.energy) or np.isfinite(result.forces).all():
        raise ContractError(
            f"atom {len(atoms) - 1} is at y = nan, and the energy is {result.energy} eV and the "
            f"forces are {'finite' if np.isfinite(result.forces).all() else 'not finite'}; "
            "expected an error, or an energy and forces that are not finite"
        )
