"""Random packing of molecules with packmol."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.io import write

from ipip.bound import bound_command
from ipip.data.ase_files import read_last
from ipip.errors import InputError, IpipError
from ipip.installation import install_command

TIME_LIMIT = 120.0  # s; packmol packs a feasible box of some thousand atoms in seconds


def pack(
    molecules: Mapping[str, Atoms],
    counts: Mapping[str, int],
    edges: tuple[float, float, float],
    *,
    tolerance: float,
    periodic: bool,
    seed: int,
    radii: Mapping[str, float] | None = None,
) -> Atoms:
    """Pack molecules at random positions and orientations.

    Args:
        molecules: geometry of each (Å).
        counts: number of each.
        edges: of the orthorhombic box, Å.
        tolerance: smallest distance between atoms of different molecules, Å; also across periodic
            boundaries.
        periodic: in all directions, or in none (then all atoms are inside the box).
        seed: of packmol.
        radii: Å by element; atoms of different molecules are at least the sum of their radii
            apart. Half the tolerance for elements without one.

    Returns:
        Atoms in the box, grouped by molecule in the order of ``counts``.

    Raises:
        InputError: the box is too small.

    Source: L. Martínez et al., J. Comput. Chem. 30, 2157 (2009).
    """
    all_radii = {
        name: np.array([(radii or {}).get(symbol, tolerance / 2.0) for symbol in atoms.symbols])
        for name, atoms in molecules.items()
    }
    _check_volume(molecules, counts, edges, tolerance, all_radii)
    with tempfile.TemporaryDirectory(prefix="ipip-packmol-") as name:
        folder = Path(name)
        for index, key in enumerate(counts):
            write(folder / f"{index}.xyz", molecules[key], format="xyz", fmt="%18.12f")
        deck = _deck(counts, edges, tolerance, periodic, seed, all_radii if radii else {})
        done, text = _run(folder, deck)
        result = folder / "packed.xyz"
        if not done or not result.exists():
            raise InputError(_too_small(counts, edges, tolerance, _reason(text)))
        packed = read_last(result, "xyz")
    packed.set_cell(edges)
    packed.pbc = periodic
    return packed


def _deck(
    counts: Mapping[str, int],
    edges: tuple[float, float, float],
    tolerance: float,
    periodic: bool,
    seed: int,
    radii: Mapping[str, np.ndarray],
) -> str:
    box = " ".join(f"{edge:.10g}" for edge in edges)
    lines = [
        f"tolerance {tolerance:.10g}",
        "filetype xyz",
        "output packed.xyz",
        f"seed {seed % 2**31 or 2**31 - 1}",
    ]
    if periodic:
        lines.append(f"pbc {box}")
    for index, (name, count) in enumerate(counts.items()):
        inside = [] if periodic else [f"  inside box 0. 0. 0. {box}"]
        lines += [f"structure {index}.xyz", f"  number {count}", *inside]
        for atom, radius in enumerate(radii.get(name, ())):
            lines += [f"  atoms {atom + 1}", f"    radius {radius:.10g}", "  end atoms"]
        lines += ["end structure"]
    return "\n".join(lines) + "\n"


def _run(folder: Path, deck: str) -> tuple[bool, str]:
    """Run packmol in the folder; return whether it converged, and its output."""
    try:
        from packmol.cli import get_binary_path  # type: ignore[import-untyped]

        program = get_binary_path()
    except (ImportError, FileNotFoundError) as error:
        raise InputError(f"packmol is not installed; run: {install_command('packmol')}") from error
    (folder / "packmol.inp").write_text(deck, encoding="utf-8")
    try:
        # packmol rewinds its input, so it cannot be a pipe.
        with (folder / "packmol.inp").open("rb") as source:
            run = subprocess.run(
                bound_command(str(program)),
                stdin=source,
                cwd=folder,
                capture_output=True,
                encoding="utf-8",
                errors="replace",
                timeout=TIME_LIMIT,
                check=False,
            )
    except subprocess.TimeoutExpired:
        return False, f"no packing found in {TIME_LIMIT:.0f} s"
    except OSError as error:
        raise IpipError(f"packmol ({program}) cannot be run: {error.strerror}") from error
    return run.returncode == 0 and "Success!" in run.stdout, run.stdout


def _check_volume(
    molecules: Mapping[str, Atoms],
    counts: Mapping[str, int],
    edges: tuple[float, float, float],
    tolerance: float,
    radii: Mapping[str, np.ndarray],
) -> None:
    """Refuse impossible packings: spheres around atoms that would fill > 74 % of the box."""
    volume = float(np.prod(edges))
    filled = sum(
        count * _volume(molecules[name].positions, radii[name]) for name, count in counts.items()
    )
    if filled > 0.74 * volume:  # the densest packing of spheres
        reason = f"the molecules need {filled:.0f} Å^3 and the box has {volume:.0f} Å^3"
        raise InputError(_too_small(counts, edges, tolerance, reason))


def _volume(positions: np.ndarray, radii: np.ndarray) -> float:
    """Return the volume in Å^3 of the union of spheres around the atoms, counted on a grid."""
    step, largest = radii.min() / 5.0, radii.max()
    low, high = positions.min(axis=0) - largest, positions.max(axis=0) + largest
    axes = [np.arange(a, b + step, step) for a, b in zip(low, high, strict=True)]
    grid = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = np.zeros(len(grid), dtype=bool)
    for position, radius in zip(positions, radii, strict=True):
        inside |= ((grid - position) ** 2).sum(axis=1) < radius**2
    return float(inside.sum()) * step**3


def _too_small(
    counts: Mapping[str, int], edges: tuple[float, float, float], tolerance: float, reason: str
) -> str:
    what = " + ".join(f"{count} {name}" for name, count in counts.items())
    box = " x ".join(f"{edge:.4g}" for edge in edges)
    return (
        f"{what} do not fit into a box of {box} Å with {tolerance:g} Å between molecules "
        f"({reason}); use a larger box, a lower density or fewer molecules"
    )


def _reason(text: str) -> str:
    if text.startswith("no packing"):
        return text
    errors = [line.strip() for line in text.splitlines() if "ERROR" in line]
    return errors[0] if errors else "packmol found no packing"
