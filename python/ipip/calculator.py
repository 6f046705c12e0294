"""A student as an ASE calculator."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.stress import full_3x3_to_voigt_6_stress

from ipip.errors import InputError, IpipError
from ipip.evaluation.students import open_student
from ipip.graph.species import species_index
from ipip.native import current_backend_name
from ipip.uncertainty.record import missing_uncertainty


class IpipCalculator(Calculator):
    """Evaluates a student's model file within ASE.

    Results: `energy` and `free_energy` (eV), `energies` [n] (eV, one per atom), `forces` [n, 3]
    (eV/Å) and, for systems periodic in three directions, `stress` [6] (eV/Å^3, ASE's order); and
    `uncertainties` [n] (eV/Å, the expected norm of the error of each force) of a student whose file
    states expected errors (docs/uncertainty.md).

    The neighbour list has a skin: it is rebuilt when an atom has moved by more than half
    the skin, or the cell, the periodic directions or the number of atoms have changed. Results do
    not depend on the skin except for rounding.

    A calculator can be copied and pickled (`copy.deepcopy`, joblib, processes of
    `multiprocessing`). A pickle holds the path of the model file and the digest of its weights, not
    the weights: unpickling reads the file again and refuses another student. Two threads must not
    use one calculator at once: give each a copy.

    Args:
        model: path of the model file.
        device: `cpu`, `cuda[:N]`, or `emulate` (the host checks the kernels for GPUs).
        backend: `kernels` (written by hand, for PaiNN), `eager` (the network in
            Python, which needs PyTorch), `auto` for the first of
            these that runs the student, or `torchscript` (the program in the file: only for files
            from people you trust); or an old name of one (docs/kernels.md).
        skin: Å, of the neighbour list.
        threads: of one evaluation by `kernels` or `torchscript`.
        **kwargs: passed on to ASE's `Calculator`.

    Attributes:
        model: absolute path of the model file.
        description: the backend, in a few words.
        metadata: of the model file (`ipip.export.Metadata`).

    Raises:
        InputError: the file is not a student, the device does not exist, or an option is wrong.
        MissingExtraError: the backend needs PyTorch, which is not installed.
    """

    implemented_properties = [  # noqa: RUF012  ASE's name
        "energy",
        "free_energy",
        "energies",
        "forces",
        "stress",
        "uncertainties",
    ]

    def __init__(
        self,
        model: str | os.PathLike[str],
        device: str = "cpu",
        backend: str = "auto",
        skin: float = 1.0,
        threads: int = 1,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        backend = current_backend_name(backend)
        _check(skin, threads)
        self.model = os.path.abspath(os.fspath(model))
        self.device = device
        self._backend, self._skin, self._threads = backend, skin, threads
        self._load()

    def _load(self) -> None:
        """Read the model file."""
        student, self.metadata = open_student(
            self.model, device=self.device, backend=self._backend, threads=self._threads
        )
        self.description = student.description
        self._moving = student.follow(self._skin)

    def __getstate__(self) -> dict[str, Any]:
        """Return everything but what is read from the model file."""
        state = self.__dict__.copy()
        for name in ("_moving", "metadata", "description"):
            del state[name]
        return state | {"weights_digest": self.metadata.weights_digest}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Read the model file again.

        Raises:
            InputError: the file is missing, or holds another student.
        """
        expected = state.pop("weights_digest")
        self.__dict__.update(state)
        self._load()
        if self.metadata.weights_digest != expected:
            raise InputError(
                f"{self.model}: the weights' digest is {self.metadata.weights_digest[:19]}..., but "
                f"the calculator that was copied had {expected[:19]}...; the file was changed: "
                "create the calculator again"
            )

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Compute all results of `atoms` (called by ASE)."""
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        system = self.atoms
        assert system is not None  # ASE sets it
        species = species_index(system.numbers, self.metadata.symbols)
        place = system.positions, system.cell.array, system.pbc
        done = self._moving.evaluate(species, *place)
        if not done.is_finite():
            raise IpipError(
                "the student's energy or forces are not finite for this structure; look for "
                "overlapping atoms"
            )
        self.results["energy"] = self.results["free_energy"] = float(done.energies.sum())
        self.results["energies"] = done.energies
        self.results["forces"] = done.forces
        if done.uncertainties is not None:
            self.results["uncertainties"] = done.uncertainties
        elif properties is not None and "uncertainties" in properties:
            raise InputError(missing_uncertainty(self.model))
        if system.pbc.all():
            stress = done.strain / system.get_volume()
            self.results["stress"] = full_3x3_to_voigt_6_stress(0.5 * (stress + stress.T))


def _check(skin: float, threads: int) -> None:
    if not (np.isfinite(skin) and skin >= 0):
        raise InputError(f"skin is {skin}; expected 0 Å or more")
    if threads < 1:
        raise InputError(f"threads is {threads}; expected 1 or more")
