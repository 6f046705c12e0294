"""The benchmark of accuracy per cost runs whole at a tiny size, and continues."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from benchmarks.accuracy.__main__ import main
from benchmarks.accuracy.molecules import MOLECULES, turning
from benchmarks.accuracy.record import set_rows
from benchmarks.accuracy.sets import source_of
from scipy.sparse.csgraph import connected_components

from ipip.errors import InputError


def test_a_case_is_trained_measured_and_drawn_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["--quick", "--out", str(out)]) == 0
    (row,) = json.loads((out / "results.json").read_text())["rows"]
    assert set(row["errors"]) == {"300K", "600K", "dihedrals"}
    assert row["us_per_atom"] > 0.1 and row["steps"] >= 1 and row["parameters"] > 1000
    for errors in row["errors"].values():
        assert 0.0 < errors["force_mae"] < errors["force_rmse"] < 1e4
    assert (out / "accuracy.png").stat().st_size > 10_000
    assert "painn-32x2" in capsys.readouterr().out

    # The same errors, from the job's files and the set.
    from ase.io import read

    place = out / "jobs/acetylacetone/painn-32x2-1s-1"
    reference = read(out / "sets/acetylacetone/test-300K.xyz", index=":")
    with np.load(place / "predicted-300K.npz") as predicted:
        errors = predicted["forces"] - np.concatenate([atoms.get_forces() for atoms in reference])
    assert row["errors"]["300K"]["force_mae"] == pytest.approx(1e3 * np.abs(errors).mean())

    written = (place / "trained.json").stat().st_mtime_ns
    assert main(["--quick", "--out", str(out)]) == 0
    assert (place / "trained.json").stat().st_mtime_ns == written


def test_seeds_become_a_mean_and_half_of_their_range() -> None:
    def job(case: str, seed: int, mae: float) -> dict[str, object]:
        errors = {"force_mae": mae, "force_rmse": 2 * mae, "energy_mae": 0.5}
        facts = {"us_per_atom": 4.0, "training_s": 50.0 + seed, "steps": 100, "parameters": 9}
        return {"case": case, "budget": "60 s", "seed": seed, "errors": {"600K": errors}, **facts}

    rows = set_rows([job("a", 1, 10.0), job("b", 1, 3.0), job("a", 2, 14.0)])
    means = {row.sizes["network"]: row for row in rows}
    assert means["a"].sizes["seeds"] == 2 and means["b"].sizes["seeds"] == 1
    assert means["a"].figures["600K_force_mae_mev_per_a"] == pytest.approx(12.0)
    assert means["a"].figures["600K_force_mae_half_range_mev_per_a"] == pytest.approx(2.0)
    assert means["a"].figures["training_cpu_s"] == pytest.approx(51.5)
    assert "600K_force_mae_half_range_mev_per_a" not in means["b"].figures


@pytest.mark.parametrize("name", MOLECULES)
def test_a_dihedral_turns_one_side_of_its_bond(name: str) -> None:
    from ase.neighborlist import build_neighbor_list, natural_cutoffs

    atoms = MOLECULES[name].atoms()
    bonds = build_neighbor_list(
        atoms, natural_cutoffs(atoms, mult=1.1), self_interaction=False, bothways=True
    ).get_connectivity_matrix(sparse=False)
    for _, fixed, turned, _ in MOLECULES[name].dihedrals:
        assert bonds[fixed, turned]
        side = np.array(turning(bonds, fixed, turned), dtype=bool)
        assert side[turned] and not side[fixed]
        cut = bonds.copy()
        cut[fixed, turned] = cut[turned, fixed] = 0
        _, part = connected_components(cut)
        assert np.array_equal(side, part == part[turned])


def test_an_unknown_set_is_refused_with_the_known_ones() -> None:
    with pytest.raises(
        InputError, match=r"nothing\.xyz is no set; expected acetylacetone, ethanol, 3bpa, mo"
    ):
        source_of("nothing.xyz")


def test_a_recipe_is_measured_over_seeds_on_the_hot_part_of_a_set(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from benchmarks.accuracy.recipes.__main__ import main as recipes

    out = tmp_path / "out"
    wanted = ["--set", "mo-s-o", "--recipe", "sinc 10", "--steps", "20", "--labels", "12"]
    assert recipes([*wanted, "--seed", "1", "--seed", "2", "--out", str(out)]) == 0
    rows = json.loads((out / "results.json").read_text())["rows"]
    assert [row["seed"] for row in rows] == [1, 2] and rows[0]["steps"] == 20
    assert set(rows[0]["errors"]) == {"held-out", "hot"}
    mean = np.mean([row["errors"]["hot"]["force_mae"] for row in rows])
    printed = capsys.readouterr().out
    assert "sinc 10, 12 labels" in printed and f"{mean:.1f} ±" in printed

    # Hotter trajectories are in no other part.
    from ipip.data import read_frames

    names = ("train", "valid", "test-held-out", "test-hot")
    parts = {name: read_frames(out / f"sets/mo-s-o/{name}.xyz") for name in names}
    for name in names[:3]:
        assert max(frame.info["kelvin"] for frame in parts[name]) <= 1500
    assert min(frame.info["kelvin"] for frame in parts["test-hot"]) > 1500

    # A folder that holds the parts is a set too.
    again = ["--set", str(out / "sets/mo-s-o"), *wanted[2:], "--seed", "1"]
    assert recipes([*again, "--out", str(tmp_path / "again")]) == 0
    (row,) = json.loads((tmp_path / "again/results.json").read_text())["rows"]
    assert row["errors"] == rows[0]["errors"]
