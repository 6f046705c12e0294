"""What is checked: a potential, what is known of it, and structures to look at."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.data import atomic_numbers, covalent_radii

from ipip.calculator import IpipCalculator
from ipip.errors import InputError
from ipip.physics.laws.calculator import evaluate
from ipip.physics.laws.evaluation import Evaluate
from ipip.physics.laws.precision import FLOAT32, Precision, precision_of
from ipip.physics.laws.structures import elements, packed_box

MOST_ATOMS = 400
MOST_STRUCTURES = 4
REACH = 6.0  # Å, of diatomics where no cutoff is known, as in ML-PEG
SHORTEST = 0.7  # of the sum of covalent radii: how short a hot bond gets (docs/loop.md)


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A potential and structures to look at.

    Attributes:
        name: of the potential, for people.
        calculator: ASE's; used by one check after another.
        symbols: elements whose pairs are looked at.
        structures: to look at, without constraints.
        cutoff: Å, beyond which two atoms do not interact directly; None: not known.
        layers: how often the interaction is passed on; None: not known.
        precision: that it computes with, from which bounds of equality follow.
        provenance: what identifies it: digests, versions.
        made_up: the structures were made from the elements, nobody gave them.
        in_process: it computes in this process, whose CPU time is then its cost.
    """

    name: str
    calculator: Any
    symbols: tuple[str, ...]
    structures: tuple[Atoms, ...]
    cutoff: float | None = None
    layers: int | None = None
    precision: Precision = FLOAT32
    provenance: dict[str, Any] = dataclasses.field(default_factory=dict)
    made_up: bool = False
    in_process: bool = True

    @property
    def evaluate(self) -> Evaluate:
        """Evaluates a structure; energies and forces may be infinite or not a number."""
        return partial(evaluate, self.calculator)

    @property
    def reach(self) -> float:
        """Å, up to which diatomics are looked at."""
        return REACH if self.cutoff is None else self.cutoff

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Each pair of elements once."""
        own = self.symbols
        return [(a, b) for k, a in enumerate(own) for b in own[k:]]

    @functools.cached_property
    def periodic(self) -> list[Atoms]:
        """The structures that are periodic in three directions."""
        return [atoms for atoms in self.structures if atoms.pbc.all()]


def closest_bond(a: str, b: str) -> float:
    """Return how short a hot bond of two elements gets, Å."""
    return SHORTEST * float(covalent_radii[atomic_numbers[a]] + covalent_radii[atomic_numbers[b]])


def physics_subject(
    name: str,
    calculator: Any,
    structures: Sequence[Atoms] = (),
    *,
    symbols: Sequence[str] | None = None,
    cutoff: float | None = None,
    layers: int | None = None,
    precision: str | Precision = "float32",
    provenance: dict[str, Any] | None = None,
) -> Subject:
    """Return any ASE calculator as something to check.

    Args:
        name: of the potential, for people.
        calculator: ASE's.
        structures: to look at, those that the potential is meant for; none: small dense boxes of
            the elements are made up.
        symbols: elements whose pairs are looked at; None: those of the structures.
        cutoff: Å, beyond which two atoms do not interact directly; None: not known.
        layers: how often the interaction is passed on; None: not known.
        precision: `float32`, `float64` or a `Precision`.
        provenance: what identifies the potential.

    Raises:
        InputError: there is neither a structure nor an element, or a structure is too large.
    """
    given = [_plain(atoms, index) for index, atoms in enumerate(structures)]
    if not given and not symbols:
        raise InputError(f"{name}: give structures, or the elements that the potential knows")
    kinds = tuple(symbols) if symbols is not None else tuple(elements(given))
    return Subject(
        name=name,
        calculator=calculator,
        symbols=kinds,
        structures=tuple(given) or made_up_structures(kinds),
        cutoff=cutoff,
        layers=layers,
        precision=precision_of(precision),
        provenance=provenance or {},
        made_up=not given,
    )


def student_subject(
    model: Path, structures: Sequence[Atoms] = (), *, name: str | None = None, threads: int = 1
) -> Subject:
    """Return a student's model file as something to check.

    Args:
        model: the file.
        structures: to look at; none: small dense boxes of its elements are made up.
        name: for people; None: that of the file.
        threads: of one evaluation.

    Raises:
        InputError: the file is not a student, or it does not know an element of the structures.
        MissingExtraError: what evaluates the student needs PyTorch, which is not installed.
    """
    calculator = IpipCalculator(model, threads=threads)
    metadata = calculator.metadata
    unknown = sorted(set(elements(list(structures))) - set(metadata.symbols))
    if unknown:
        raise InputError(
            f"{model}: the student knows {' '.join(metadata.symbols)}, and the structures hold "
            f"{' '.join(unknown)} too; give structures of its elements"
        )
    return physics_subject(
        name or Path(model).stem,
        calculator,
        structures,
        symbols=metadata.symbols,
        cutoff=metadata.cutoff,
        layers=metadata.layers,
        precision=metadata.dtype,
        provenance={
            "kind": "student",
            "file": str(model),
            "architecture": metadata.architecture,
            "weights_digest": metadata.weights_digest,
            "training_digest": metadata.training_digest,
            "evaluated_by": calculator.description,
        },
    )


def made_up_structures(symbols: Sequence[str]) -> tuple[Atoms, ...]:
    """Return two small dense boxes of the elements, as a melt has them, always the same."""
    kinds = list(symbols)
    mean = float(np.mean([covalent_radii[atomic_numbers[s]] for s in kinds]))
    return tuple(
        packed_box(kinds, seed=seed, n=12, length=5.8 * mean + 1.0, apart=1.75 * mean)
        for seed in (1, 2)
    )


def _plain(atoms: Atoms, index: int) -> Atoms:
    if not 0 < len(atoms) <= MOST_ATOMS:
        raise InputError(
            f"structure {index} has {len(atoms)} atoms; expected 1 to {MOST_ATOMS}: the checks "
            "repeat what they are given, and look at small systems"
        )
    bare = atoms.copy()
    bare.set_constraint()
    return bare
