"""Hand-made trajectories in the form of LAMMPS' dumps."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from ipip.config.species import SpeciesSettings
from ipip.lammps import read_dump
from ipip.species import SpeciesResult, analyse_species

Rows = list[dict[str, str]]


def write_trajectory(
    path: Path,
    symbols: Sequence[str],
    frames: Sequence[np.ndarray],
    cell: np.ndarray,
    interval: int = 100,
) -> None:
    """Write unwrapped positions [n, 3] of each frame; ids are rows + 1, rows in disorder."""
    xy, xz, yz = cell[1, 0], cell[2, 0], cell[2, 1]
    low = [min(0, xy, xz, xy + xz), min(0, yz), 0.0]
    high = np.diag(cell) + [max(0, xy, xz, xy + xz), max(0, yz), 0.0]
    random = np.random.default_rng(0)
    with path.open("w") as stream:
        for number, positions in enumerate(frames):
            stream.write(f"ITEM: TIMESTEP\n{interval * number}\n")
            stream.write(f"ITEM: NUMBER OF ATOMS\n{len(symbols)}\n")
            stream.write("ITEM: BOX BOUNDS xy xz yz pp pp pp\n")
            for a, b, tilt in zip(low, high, (xy, xz, yz), strict=True):
                stream.write(f"{a} {b} {tilt}\n")
            stream.write("ITEM: ATOMS id element xu yu zu\n")
            for k in random.permutation(len(symbols)):
                x, y, z = positions[k]
                stream.write(f"{k + 1} {symbols[k]} {x:.8g} {y:.8g} {z:.8g}\n")


@pytest.fixture
def analyse(tmp_path: Path) -> Callable[..., tuple[SpeciesResult, dict[str, Rows]]]:
    """Analyse frames; returns the result and the rows of all tables."""

    def run(
        symbols: Sequence[str],
        frames: Sequence[np.ndarray],
        cell: np.ndarray | float = 30.0,
        **settings: object,
    ) -> tuple[SpeciesResult, dict[str, Rows]]:
        path = tmp_path / "hand-made.dump"
        write_trajectory(path, symbols, frames, np.eye(3) * cell if np.isscalar(cell) else cell)
        chosen = SpeciesSettings.model_validate(settings)
        result = analyse_species(read_dump(path), chosen, tmp_path / "out")
        tables = {
            file.name: list(csv.DictReader(file.open())) for file in (tmp_path / "out").iterdir()
        }
        return result, tables

    return run
