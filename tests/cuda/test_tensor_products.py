"""Products of float32 in large and small parts of TF32 are as exact as plain ones."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def errors(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[float, float, float]]:
    """Of plain products, of those on imitated tensor cores, and of TF32 without small parts, in
    units of 2^-24 of the sum of the products' sizes, for each shape."""
    program = tmp_path_factory.mktemp("cuda") / "tensor_products"
    source = Path(__file__).with_name("tensor_products.cpp")
    subprocess.run(
        ["c++", "-std=c++20", "-O1", f"-I{ROOT}/cpp/src", str(source), "-o", str(program)],
        check=True,
    )
    lines = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    return [tuple(map(float, line.split(": ")[1].split())) for line in lines.splitlines()]


def test_products_on_tensor_cores_have_the_errors_of_float32(
    errors: list[tuple[float, float, float]],
) -> None:
    assert len(errors) == 5
    for plain, on_tensor_cores, _ in errors:
        assert 0 < on_tensor_cores < max(16, 2 * plain)


def test_without_small_parts_the_same_products_are_a_thousand_times_coarser(
    errors: list[tuple[float, float, float]],
) -> None:
    """The imitation rounds like TF32."""
    assert all(coarse > 2048 for _, _, coarse in errors)
