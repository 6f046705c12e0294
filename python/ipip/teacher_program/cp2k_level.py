"""CP2K through ASE: one shell for each frame, an input from a template, a check of convergence."""

from __future__ import annotations

import contextlib
import math
import os
import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from ase.calculators.calculator import Calculator, all_changes

from .cp2k_command import find_command, program_of
from .cp2k_data import NO_CHARGE, find_folder, full_name
from .spin import checked_spin

Kind = tuple[str, str, str]
NOT_CONVERGED = "SCF run NOT converged"


class Cp2kLevel(Calculator):
    """An ASE calculator that starts a new CP2K for each evaluation.

    CP2K would otherwise start from the last frame's density, and a label would depend on the
    frame before it.

    Args:
        settings: of the level; see ``ipip.config.cp2k.Cp2kSettings``.
        arguments: further arguments of ``ase.calculators.cp2k.CP2K``.
        tried: whether another process has tried the command.
    """

    implemented_properties = ["energy", "free_energy", "forces", "stress"]  # noqa: RUF012

    def __init__(
        self, settings: Mapping[str, Any], arguments: Mapping[str, Any], tried: bool = False
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._settings = dict(settings)
        self._arguments = dict(arguments)
        self._command = find_command(self._settings["command"], tried)
        program = program_of(self._command)
        text = _version_text(program)
        version = re.search(r"CP2K version (\S+)", text)
        self.program_version = version.group(1) if version else "unknown"
        self._data = find_folder(program, text)

    def calculate(
        self,
        atoms: Any = None,
        properties: Any = None,
        system_changes: Any = all_changes,
    ) -> None:
        """Run CP2K on the structure.

        Raises:
            RuntimeError: the electronic structure did not converge, or CP2K stopped.
        """
        super().calculate(atoms, properties, system_changes)  # type: ignore[no-untyped-call]
        assert self.atoms is not None  # ASE sets it
        structure = _in_a_box(self.atoms, self._settings["vacuum"])
        with tempfile.TemporaryDirectory(prefix="ipip-cp2k-") as folder:
            self.results = self._run(structure, folder)
        if not all(self.atoms.pbc):
            self.results.pop("stress", None)

    def _run(self, structure: Any, folder: str) -> dict[str, Any]:
        from ase.calculators.cp2k import CP2K

        output = os.path.join(folder, "frame.out")
        kinds = self._kinds(structure)
        program = None
        spin = self._spin(structure)
        try:
            program = CP2K(
                label="frame",
                command=f"cd '{folder}' && exec {self._command}",
                inp=render_input(self._settings, structure, kinds, **spin),
                basis_set_file=self._settings["basis_set_file"],
                potential_file=self._settings["potential_file"],
                stress_tensor=bool(all(structure.pbc)),
                **{**_LEFT_TO_THE_TEMPLATE, **self._arguments},
            )
            program.calculate(structure, ["energy", "forces"], all_changes)
            results = dict(program.results)
        except Exception as error:
            raise RuntimeError(f"CP2K stopped: {_why(output) or error}") from error
        finally:
            if program is not None:
                with contextlib.suppress(Exception):  # the shell may have ended
                    program.close()
                program._shell = None
        if NOT_CONVERGED in _text(output):
            raise RuntimeError(f"SCF not converged in {self._settings['max_scf']} steps")
        return results

    def _spin(self, structure: Any) -> dict[str, int]:
        """Return the charge and the multiplicity for the template."""
        spin = checked_spin(structure, self._arguments)
        moments = structure.get_initial_magnetic_moments()
        if spin["multiplicity"] is None and moments.any():
            raise RuntimeError(
                "the frame has initial magnetic moments, which this level does not use; give it "
                "multiplicity=2S+1 instead"
            )
        charge, multiplicity = float(spin["charge"] or 0), int(spin["multiplicity"] or 1)
        if charge != int(charge):
            raise RuntimeError(f"the frame has charge {charge:g}; CP2K accepts whole charges only")
        for name, value, usual in (("charge", int(charge), 0), ("multiplicity", multiplicity, 1)):
            given = self._arguments.get(name) is not None  # ASE writes it into the input
            if value != usual and not given and name not in self._settings["template_text"]:
                raise RuntimeError(
                    f"the frame has {name} {value}, but cp2k.template does not fill in {name}; add "
                    "it as the package's template has it"
                )
        return {
            "charge": 0 if self._arguments.get("charge") is not None else int(charge),
            "multiplicity": 1 if self._arguments.get("multiplicity") is not None else multiplicity,
        }

    def _kinds(self, structure: Any) -> list[Kind]:
        """Return element, basis set and pseudopotential of each element."""
        basis, potential = self._settings["basis_set"], self._settings["pseudo_potential"]
        kinds = []
        for element in sorted(set(structure.get_chemical_symbols())):
            if self._data is None:  # as given; CP2K reports missing names
                kinds.append((element, basis, potential))
                continue
            file = os.path.join(self._data, self._settings["basis_set_file"])
            full_basis = full_name(file, element, basis)
            charge = NO_CHARGE.search(full_basis)
            file = os.path.join(self._data, self._settings["potential_file"])
            q = charge.group() if charge else ""
            kinds.append((element, full_basis, full_name(file, element, potential, q)))
        return kinds


# ASE would write its defaults of these in addition to the template's.
_LEFT_TO_THE_TEMPLATE = dict.fromkeys(
    ("xc", "cutoff", "max_scf", "poisson_solver", "basis_set", "pseudo_potential")
)


def kpoints(cell: np.ndarray, pbc: np.ndarray, length: float) -> tuple[int, int, int]:
    """Return the k-point grid of a cell: the fewest points whose number times cell length is above.

    Args:
        cell: [3, 3] rows are lattice vectors in Å.
        pbc: [3] periodic directions; others have one point.
        length: Å; 0: the Gamma point only.

    Source: arXiv 2507.20118, "the product of the sampling density and lattice vector length
    exceeded 30 Å".
    """
    lengths = np.linalg.norm(cell, axis=1)
    numbers = [
        math.floor(length / edge + 1e-9) + 1 if periodic and length else 1
        for edge, periodic in zip(lengths, pbc, strict=True)
    ]
    return (numbers[0], numbers[1], numbers[2])


def render_input(
    settings: Mapping[str, Any],
    structure: Any,
    kinds: Sequence[Kind],
    charge: int = 0,
    multiplicity: int = 1,
) -> str:
    """Fill in the template for one structure.

    Args:
        settings: of the level.
        structure: cell and periodicity count.
        kinds: element, basis set, pseudopotential.
        charge: e.
        multiplicity: 2S+1; above 1 the calculation is spin-polarised.
    """
    import jinja2
    from jinja2.sandbox import SandboxedEnvironment

    grid = kpoints(structure.cell.array, structure.pbc, settings["kpoint_length"])
    environment = SandboxedEnvironment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    text: str = environment.from_string(settings["template_text"]).render(
        **settings,
        kpoints=grid if max(grid) > 1 else None,
        kinds=kinds,
        charge=charge,
        multiplicity=multiplicity,
        periodic="".join("XYZ"[k] for k in range(3) if structure.pbc[k]) or "NONE",
    )
    return text


def _in_a_box(atoms: Any, vacuum: float) -> Any:
    """Return a copy; an open molecule is centred in a cube, as its solver requires."""
    structure = atoms.copy()
    structure.calc = None
    if not any(structure.pbc):
        edge = float(np.ptp(structure.positions, axis=0).max()) + 2.0 * vacuum
        structure.set_cell([edge, edge, edge])
        structure.center()
    elif not all(structure.pbc):
        raise RuntimeError(
            "CP2K's template needs frames that are periodic in all directions or in none; this "
            f"one has pbc {structure.pbc.tolist()}"
        )
    return structure


def _version_text(program: str) -> str:
    try:
        done = subprocess.run(
            [program, "--version"],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=60,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout


def _text(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def _why(output: str) -> str:
    """Return CP2K's message: the text right of the figure in the last box that it prints."""
    lines = _text(output).splitlines()
    marks = [number for number, line in enumerate(lines) if "[ABORT]" in line]
    if not marks:
        return ""
    box = [line[12:-1].strip() for line in lines[marks[-1] :] if line.startswith(" *")]
    return " ".join(word for word in " ".join(box).split() if set(word) != {"*"})
