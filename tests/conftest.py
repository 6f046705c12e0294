"""Shared fixtures: data that may or may not be at hand, and small students."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ipip.models import Student, build_student

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the whole example: the other tests run beside it."""
    items.sort(key=lambda item: item.get_closest_marker("slow_example") is None)


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """One thread per process: small graphs are slower on more."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the source tree."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of data that is used by path and not shipped; skips where it is not at hand."""
    folder = Path(os.environ.get("IPIP_SHARED_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"data folder {folder} is not at hand (set IPIP_SHARED_DATA to its path)")
    return folder


@pytest.fixture
def make_student() -> Callable[..., Student]:
    """Make a small student whose biases are random too, so that nothing hides behind zeros."""

    def make(architecture: str = "painn", **arguments: object) -> Student:
        settings: dict[str, object] = {"channels": 8, "layers": 2, "dtype": "float64"}
        if architecture == "painn":
            settings["n_radial"] = 20  # what this student happens to be is used in tests
        settings |= arguments
        symbols = settings.pop("symbols", ["Mo", "S", "O"])
        student = build_student(architecture, symbols, seed=7, **settings)  # type: ignore[arg-type]
        generator = torch.Generator().manual_seed(8)
        with torch.no_grad():
            for parameter in student.parameters():
                if parameter.dim() == 1:
                    parameter += 0.3 * torch.randn(parameter.shape, generator=generator)
        student.set_energy_scale([-3.0, -2.0, -1.0][: len(student.symbols)], 1.3, 0.1)
        return student

    return make
