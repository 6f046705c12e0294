"""Labelled frames from the outputs of other programs, by ASE's readers: OUTCAR, vasprun.xml, ..."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path

from ase.io.formats import UnknownFileTypeError, filetype, get_ioformat

from ipip.config.data import DataKeys
from ipip.data.ase_files import iterate_atoms
from ipip.data.convergence import CHECKS
from ipip.data.labels import Remarks
from ipip.data.parsed import ParsedFrame, from_atoms
from ipip.errors import InputError

WITHOUT_A_PLACE = {  # results of a calculation that a frame cannot hold
    "magmoms": "magnetic moments of the atoms",
    "charges": "charges of the atoms",
    "energies": "energies of the atoms",
    "stresses": "stresses of the atoms",
    "dipole": "dipoles",
}


def calculation_format(path: Path) -> str:
    """Return ASE's name of a file's format.

    Raises:
        InputError: ASE does not know the file, or cannot read this format.
    """
    try:
        name = filetype(str(path.absolute()))
        readable = get_ioformat(name).can_read
    except (UnknownFileTypeError, OSError) as error:
        reason = str(error)
        readable = False
    else:
        reason = f"ASE does not read its format, {name}"
    if not readable:
        raise InputError(
            f"{path}: cannot be read ({reason}); expected extended XYZ, an "
            "ASE database, an sGDML archive, a store, an output that ASE reads (OUTCAR, "
            "vasprun.xml, ASE's .traj, Quantum ESPRESSO, ...), a CP2K trajectory (NAME-pos-1.xyz) "
            "or a folder of DeePMD"
        )
    return name


def iterate_calculation(
    path: Path, keys: DataKeys, remarks: Remarks, *, unconverged: bool = False
) -> Iterator[ParsedFrame]:
    """Yield the frames of a calculation that have energy and forces, in eV and Å.

    If a calculation has a free energy, it becomes the energy: forces are its derivative, not that
    of the energy that ASE extrapolates to zero smearing.

    Args:
        path: file of any format that ASE reads.
        keys: names of the labels, for files that store them under other names.
        remarks: receives what was discarded.
        unconverged: keep frames whose electronic structure did not converge.

    Raises:
        InputError: ASE cannot read it, or no frame has energy and forces.
    """
    name = calculation_format(path)
    check = CHECKS.get(name)
    converged = [] if check is None or unconverged else check(path)
    total, kept, bare, dropped = 0, 0, 0, 0
    free = False
    lost: set[str] = set()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ASE's, on single lines of the outputs
        frames = iterate_atoms(path, name)
        while True:
            try:
                atoms = next(frames)
            except StopIteration:
                break
            except Exception as error:  # each of ASE's readers raises other kinds
                reason = " ".join(str(error).split()) or type(error).__name__
                raise InputError(
                    f"{path}: frame {total} cannot be read as {get_ioformat(name).description}: "
                    f"{reason}; is the file complete?"
                ) from None
            total += 1
            parsed = from_atoms(atoms)
            per_frame = parsed.per_frame
            if keys.energy == "energy" and "free_energy" in per_frame:
                free |= per_frame["free_energy"] != per_frame.get("energy")
                per_frame["energy"] = per_frame["free_energy"]
            if keys.energy != "free_energy":
                per_frame.pop("free_energy", None)
            if per_frame.get(keys.energy) is None or parsed.per_atom.get(keys.forces) is None:
                bare += 1
                continue
            if converged and not (total <= len(converged) and converged[total - 1]):
                dropped += 1
                continue
            for key in WITHOUT_A_PLACE.keys() & {*per_frame, *parsed.per_atom}:
                lost.add(WITHOUT_A_PLACE[key])
                per_frame.pop(key, None)
            kept += 1
            yield ParsedFrame(atoms, {"source": str(path), **per_frame}, parsed.per_atom)
    remarks.others.append(f"read as {get_ioformat(name).description} by ASE, in eV and Å")
    if free:
        remarks.others.append("energies are the free energies, the potential of the forces")
    if bare:
        remarks.others.append(f"{bare} of {total} frames have no energy or no forces: not read")
    if dropped:
        remarks.others.append(
            f"the electronic structure of {dropped} of {total} frames did not converge: not read "
            "(--unconverged reads them)"
        )
    elif check is None and kept and name not in ("traj", "json", "extxyz"):
        remarks.others.append("whether the electronic structure converged is not checked")
    if lost:
        remarks.others.append(f"{', '.join(sorted(lost))} cannot be stored in a frame: not read")
    if not kept:
        raise InputError(
            f"{path}: no frame has energy, forces and a converged electronic structure ({total} "
            f"frames; {bare} without energy or forces, {dropped} not converged: --unconverged "
            "reads those)"
        )
