"""The prepared measurement runs from its archive, as on a machine with a GPU."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest
from benchmarks.gpu.measure import decks
from benchmarks.gpu.measure.picture import draw
from benchmarks.gpu.pack import contents, pack

from ipip import _core


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The archive's files, unpacked where nothing else is."""
    folder = tmp_path_factory.mktemp("gpu")
    with tarfile.open(pack(folder / "packed", level=1)) as archive:
        archive.extractall(folder / "there", filter="data")
    return folder / "there"


def measure(bundle: Path, out: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    """Run the measurement with a Python without ipip."""
    done = subprocess.run(
        [sys.executable, "-P", "-s", "-m", "measure", "--out", str(out), *options],
        cwd=bundle,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(bundle)},
        capture_output=True,
        text=True,
        check=False,
    )
    results = json.loads((out / "results.json").read_text())
    return done.returncode, results, done.stdout + done.stderr


@pytest.mark.slow
def test_all_parts_run_and_their_results_are_right(bundle: Path, tmp_path: Path) -> None:
    options = ("--device", "emulate", "--sizes", "36", "27", "--steps", "2", "--budget", "300")
    status, results, output = measure(bundle, tmp_path, *options)
    assert status == 0, output
    failed = {name: run for name, run in results.items() if "failed" in run or "skipped" in run}
    assert not failed
    checks = [run for name, run in results.items() if name.startswith("check ")]
    assert len(checks) == 4
    assert all(run["right"] and run["atoms"] == 27 for run in checks)
    training = [run for name, run in results.items() if name.startswith("training ")]
    assert len(training) == 2
    assert all(run["right"] and run["losses"][-1] < run["losses"][0] for run in training)
    assert results["speed 36"]["atoms"] == 36
    assert results["speed 36"]["steps"] == 2
    assert results["speed 36"]["pair_us"] > 0
    assert results["two ranks 36"]["phases_us"]["forward"] > 0
    assert results["PyTorch 27"]["pairs_per_atom"] > 10
    assert abs(results["drift"]["mev_per_atom_and_ps"]) < 1e4
    assert "polyline" in (tmp_path / "speed.svg").read_text()


def test_no_part_begins_when_time_is_up_and_unchecked_results_are_not_right(
    bundle: Path, tmp_path: Path
) -> None:
    options = ("--device", "emulate", "--sizes", "27", "--budget", "0")
    status, results, _ = measure(bundle, tmp_path, *options)
    assert status == 1
    assert results["speed 27"] == {"skipped": "no time was left"}


def test_a_part_that_fails_says_why_and_others_continue(bundle: Path, tmp_path: Path) -> None:
    options = ("--device", "cuda:99", "--capability", "1.0", "--sizes", "27", "--budget", "20")
    status, results, _ = measure(bundle, tmp_path, *options)
    assert status == 1
    assert results["build"]["failed"]
    assert "pair_style ipip" in results["speed 27"]["failed"]


@pytest.mark.slow
def test_the_part_that_is_compiled_there_is_the_one_that_the_library_loads(
    bundle: Path, tmp_path: Path
) -> None:
    if shutil.which("nvcc") is None:
        pytest.skip("nvcc is not on PATH")
    if _core.visible_gpus("kernels")[0] > 0:
        pytest.skip("there is a GPU")
    options = ("--device", "cuda:0", "--capability", "9.0", "--sizes", "27", "--budget", "400")
    status, results, _ = measure(bundle, tmp_path, *options)
    assert status == 1
    assert results["build"]["spilled"] == []
    assert "no GPU is visible here" in results["speed 27"]["failed"]


def test_the_archive_has_the_source_of_the_part_for_gpus() -> None:
    names = contents()
    assert "src/backends/cuda/gpu.cu" in names
    assert "src/backends/cuda/device/receive.hpp" in names
    assert not any("torch" in name for name in names)
    assert all(path.exists() for path in names.values())


def test_boxes_have_about_as_many_atoms_as_requested() -> None:
    for n in (1, 27, 100, 1000, 100_000, 4_000_000):
        nx, ny, nz = decks.sides(n)
        assert abs(nx * ny * nz - n) <= 0.1 * n


def test_the_picture_has_a_curve_for_each_measurement() -> None:
    runs = [{"atoms": n, "pair_us_per_atom": 10 / n, "step_us_per_atom": 20 / n} for n in (10, 100)]
    picture = draw(runs, [], "a title")
    assert picture.count("<polyline") == 3
    assert "a title" in picture
    assert draw([], [], "nothing") == ""
