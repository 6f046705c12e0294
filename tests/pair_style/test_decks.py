"""The decks of examples/decks run, each for a few steps."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase.data import atomic_masses

from tests.pair_style.conftest import LMP, MPIRUN

Models = Callable[..., Path]
# deck: (ranks, atoms, files that it writes)
DECKS = {
    "in.molecule": (1, 12, ["molecule.dump"]),
    "in.crystal": (2, 288, ["stress.dump"]),
    "in.stability": (2, 8096, ["stability.dump", "ring"]),
    "in.reaction": (2, 8096, ["reaction.dump"]),
}


def run(command: list[str | Path], folder: Path) -> str:
    """Run a program with one thread; return its output."""
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def starts(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with the data files that start.py writes."""
    folder = tmp_path_factory.mktemp("starts")
    run([sys.executable, repository / "examples" / "decks" / "start.py"], folder)
    return folder


def test_the_box_has_the_density_of_the_stability_run(starts: Path) -> None:
    text = (starts / "box.data").read_text()
    edge = float(text.split("xlo xhi")[0].split()[-1])
    mass = (3 * atomic_masses[42] + 9 * atomic_masses[8] + 1000 * atomic_masses[16]) / 0.60221408
    assert mass / edge**3 == pytest.approx(0.2, rel=1e-3)
    assert "1012 atoms" in text


@pytest.mark.parametrize("deck", DECKS)
def test_decks_run(
    models: Models, repository: Path, starts: Path, tmp_path: Path, deck: str
) -> None:
    ranks, atoms, written = DECKS[deck]
    model = models("float32", zbl=True)
    for data in starts.glob("*.data"):
        (tmp_path / data.name).symlink_to(data)
    variables = {
        "model": model,
        "steps": 3,
        "relax": 1,
        "temperature": 300.0,
        "fmax": 1e6,
        "near": 0,
    }
    command: list[str | Path] = [MPIRUN, "-np", str(ranks), LMP, "-nocite", "-log", "none", "-in"]
    command.append(repository / "examples" / "decks" / deck)
    for name, value in variables.items():
        command += ["-var", name, str(value)]
    output = run(command, tmp_path)
    assert f"with {atoms} atoms" in output
    assert "Total wall time" in output
    for name in written:
        assert (tmp_path / name).exists(), name
    if deck in ("in.stability", "in.reaction"):
        assert "reached step 3 of 3, largest force" in output


def test_a_short_distance_ends_a_run_at_small_forces(
    models: Models, repository: Path, starts: Path, tmp_path: Path
) -> None:
    model = models("float32", zbl=True)
    (tmp_path / "box.data").symlink_to(starts / "box.data")
    deck = (repository / "examples" / "decks" / "in.stability").read_text()
    (tmp_path / "in.deck").write_text(deck.replace("replicate       2 2 2\n", ""))
    command: list[str | Path] = [LMP, "-nocite", "-log", "none", "-in", "in.deck", "-var", "model"]
    command += [model, "-var", "relax", "0", "-var", "steps", "3", "-var", "fmax", "1e6"]
    assert "reached step 3 of 3" in run([*command, "-var", "near", "0.9"], tmp_path)
    assert "reached step 1 of 3" in run([*command, "-var", "near", "2.0"], tmp_path)


def test_the_crystal_is_2h_mos2(starts: Path) -> None:
    text = (starts / "crystal.data").read_text().split("Atoms # atomic")[1]
    rows = np.loadtxt(text.splitlines())
    kinds, positions = rows[:, 1], rows[:, 2:]
    assert (kinds == 1).sum() == 96 and (kinds == 2).sum() == 192
    metal, sulphur = positions[kinds == 1], positions[kinds == 2]
    nearest = np.linalg.norm(metal[:, None] - sulphur[None], axis=-1).min()
    assert nearest == pytest.approx(2.41, abs=0.03)
