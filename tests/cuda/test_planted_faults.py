"""An emulated run finds faults of kernels that a GPU would not report."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAULTS = {
    "reads beyond": "reads beyond number 64 of an array of 64",
    "writes beyond": "writes beyond number 64 of an array of 64",
    "a warp loads beyond": "thread 32, reads beyond number 64",
    "reads what nobody wrote": "reads what was never written",
    "reads shared memory of the block before": "block 1, thread",
    "two threads write one number": "writes while another thread writes",
    "two lanes write one number": "writes while another thread writes",
    "two blocks write one number": "writes while another thread writes",
    "reads before the barrier": "reads w",  # written by another thread, or not yet
    "writes what another reads": "while another thread",
    "lanes without an order": "reads while another thread writes",
    "crosses a word": "crosses a word of 4",
    "reads beside what is lowered": "reads while another thread writes",
}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The emulation's reports on each kernel, run forwards and backwards through its threads."""
    program = tmp_path_factory.mktemp("cuda") / "planted_faults"
    source = Path(__file__).with_name("planted_faults.cpp")
    subprocess.run(
        ["c++", "-std=c++20", f"-I{ROOT}/cpp/src", str(source), "-o", str(program)], check=True
    )
    lines = subprocess.run([str(program)], check=True, capture_output=True, text=True).stdout
    told: dict[str, list[str]] = {}
    for line in lines.splitlines():
        name, text = line.split(": ", 1)
        told.setdefault(name, []).append(text)
    return told


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_in_both_orders(name: str, found: dict[str, list[str]]) -> None:
    assert len(found[name]) == 2
    for text in found[name]:
        assert text.startswith(f"emulated kernel {name}, block ")
        assert FAULTS[name] in text


def test_nothing_is_reported_for_sound_kernels(found: dict[str, list[str]]) -> None:
    sound = [name for name in found if name not in FAULTS]
    assert len(sound) == 4
    assert all(found[name] == ["sound", "sound"] for name in sound)
