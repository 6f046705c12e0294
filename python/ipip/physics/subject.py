"""The subject of checks: a potential, its known properties, and structures."""

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
REACH = 6.0  # Å, of diatomics if no cutoff is known, as in ML-PEG
SHORTEST = 0.7  # of the sum of covalent radii: the shortest hot bond (docs/loop.md)


@dataclasses.dataclass(frozen=True, eq=False)
class Subject:
    """A potential and structures to check it on.

    Attributes:
        name: of the potential, for people.
        calculator: of ASE; checks share it.
        symbols: elements of the checked pairs.
        structures: to check on, without constraints.
        cutoff: Å, beyond which two atoms do not interact directly; None: unknown.
        layers: number of message-passing layers; None: unknown.
        precision: of its arithmetic, from which bounds of equality follow.
        provenance: its identity: digests, versions.
        made_up: whether the structures were generated from the elements.
        in_process: whether it computes in this process, whose CPU time is then its cost.
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
        """Evaluates a structure; energies and forces may be infinite or NaN."""
        return partial(evaluate, self.calculator)

    @property
    def reach(self) -> float:
        """Å, largest distance of diatomics."""
        return REACH if self.cutoff is None else self.cutoff

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Each pair of elements once."""
        symbols = self.symbols
        return [(a, b) for k, a in enumerate(symbols) for b in symbols[k:]]

    @functools.cached_property
    def periodic(self) -> list[Atoms]:
        """The structures that are periodic in three directions."""
        return [atoms for atoms in self.structures if atoms.pbc.all()]


def closest_bond(a: str, b: str) -> float:
    """Return the shortest length of a hot bond of two elements, Å."""
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
    """Return any ASE calculator as a subject of checks.

    Args:
        name: of the potential, for people.
        calculator: of ASE.
        structures: to check on, typical for the potential's use; empty: small dense boxes of the
            elements are generated.
        symbols: elements of the checked pairs; None: the elements of the structures.
        cutoff: Å, beyond which two atoms do not interact directly; None: unknown.
        layers: number of message-passing layers; None: unknown.
        precision: `float32`, `float64` or a `Precision`.
        provenance: identity of the potential.

    Raises:
        InputError: there is neither a structure nor an element, or a structure is too large.
    """
    given = [_plain(atoms, index) for index, atoms in enumerate(structures)]
    if not given and not symbols:
        raise InputError(f"{name}: give structures, or the elements of the potential")
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
    """Return a student's model file as a subject of checks.

    Args:
        model: the file.
        structures: to check on; empty: small dense boxes of its elements are generated.
        name: for people; None: the name of the file.
        threads: of one evaluation.

    Raises:
        InputError: the file is not a student, or it lacks an element of the structures.
        MissingExtraError: the student's backend needs PyTorch, which is not installed.
    """
    calculator = IpipCalculator(model, threads=threads)
    metadata = calculator.metadata
    unknown = sorted(set(elements(list(structures))) - set(metadata.symbols))
    if unknown:
        raise InputError(
            f"{model}: the student has the elements {' '.join(metadata.symbols)}, and the "
            f"structures also hold {' '.join(unknown)}; give structures of its elements"
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
    """Return two small dense boxes of the elements, like a melt, always the same."""
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
            "repeat structures, and are meant for small systems"
        )
    bare = atoms.copy()
    bare.set_constraint()
    return bare
