"""Damaged and forged model files are refused in one sentence: nothing crashes, none is believed.

`make faults` does more of the same.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.faults.model_files import (
    VERSION_1,
    NoSanitizerError,
    build_fuzzer,
    read_in_cpp,
    read_in_python,
    small_student,
)

ROUNDS = 100


@pytest.mark.slow
def test_cpp_reads_no_damaged_and_survives_forged_files(tmp_path: Path) -> None:
    try:
        fuzzer = build_fuzzer(tmp_path)
    except NoSanitizerError:
        pytest.skip("this compiler comes without its sanitizers")
    counts = read_in_cpp(fuzzer, small_student(tmp_path / "student.pt"), ROUNDS, seed=1)
    assert len(counts) == 10 and all(row["reported"] > 0 for row in counts.values())
    assert not any(row["wrong"] for row in counts.values())


@pytest.mark.parametrize("version", [1, 2])
def test_python_believes_no_damaged_file(tmp_path: Path, version: int) -> None:
    path = tmp_path / "student.pt"
    if version == 2:
        small_student(path)
    else:
        shutil.copyfile(VERSION_1, path)
    counts = read_in_python(path, ROUNDS, seed=1)
    assert counts["damage: cut off"]["reported"] == ROUNDS
    assert not any(row["wrong"] for row in counts.values())
    assert version == 1 or counts["forged: extra/ipip.json"]["reported"] > ROUNDS / 2
