"""Damaged and forged model files are refused in one sentence: nothing crashes, none is believed.

`make fuzz` does more of the same.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from ipip import build_student, load_student, save_student
from ipip.errors import InputError
from ipip.export import weights_digest
from ipip.models import Student

ROOT = Path(__file__).resolve().parents[2]
VERSION_1 = ROOT / "tests/export/version1/painn.pt"
# How much is tried: `make fuzz` sets it.
ROUNDS = int(os.environ.get("IPIP_FUZZ_ROUNDS", "100"))
SEED = int(os.environ.get("IPIP_FUZZ_SEED", "1"))


@pytest.fixture(scope="module")
def fuzzer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The C++ reader of model files, built to stop at the first wrong step."""
    program = tmp_path_factory.mktemp("fuzz") / "fuzz_model_file"
    sources = [
        ROOT / "cpp/fuzz/fuzz_model_file.cpp",
        *sorted((ROOT / "cpp/src/model").glob("*.cpp")),
    ]
    flags = ["-std=c++20", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    folders = [f"-I{ROOT / 'cpp/include'}", f"-I{ROOT / 'cpp/src'}"]
    done = subprocess.run(
        [os.environ.get("CXX", "c++"), *flags, *folders, *map(str, sources), "-o", str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and "cannot find" in done.stderr:
        pytest.skip("this compiler comes without its sanitizers")
    assert done.returncode == 0, done.stderr
    return program


@pytest.mark.slow
def test_cpp_reads_no_damaged_and_survives_forged_files(fuzzer: Path, tmp_path: Path) -> None:
    path = tmp_path / "student.pt"
    save_student(build_student("painn", ["Mo", "S"], channels=4, layers=2, n_radial=4), path)
    done = subprocess.run(
        [str(fuzzer), str(SEED), str(ROUNDS), str(path), str(VERSION_1)],
        capture_output=True,
        text=True,
        check=False,
        # No array of a file of 60 KB needs more than 64 MiB, whatever the file says.
        env=os.environ | {"ASAN_OPTIONS": "max_allocation_size_mb=64"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    table = json.loads(done.stdout)
    for kind, (tried, refused, harmless, believed) in table.items():
        print(f"{kind:45} {tried:8} {refused:8} {harmless:8} {believed:8}")
    assert len(table) == 9 and all(row[1] > 0 for row in table.values())


@pytest.mark.parametrize("version", [1, 2])
def test_python_believes_no_damaged_file(
    make_student: Callable[..., Student], tmp_path: Path, version: int
) -> None:
    path = tmp_path / "student.pt"
    if version == 2:
        save_student(make_student(), path)
    data = path.read_bytes() if version == 2 else VERSION_1.read_bytes()
    path.write_bytes(data)
    expected = content(load_student(path))
    draw = random.Random(SEED)
    counts: Counter[str] = Counter()
    for _ in range(ROUNDS):
        for kind, changed in damaged(data, draw):
            path.write_bytes(changed)
            try:
                found = content(load_student(path))
            except InputError as error:
                found, said = expected, str(error)
            else:
                said = ""
            assert found == expected, kind
            assert "\n" not in said and len(said) < 1000
            counts[f"{kind}: {'refused' if said else 'harmless'}"] += 1
    print(dict(counts))
    assert counts["cut off: refused"] == ROUNDS


def content(student: Student) -> tuple[object, ...]:
    return (
        student.architecture,
        student.symbols,
        student.arguments,
        weights_digest(student.state_dict()),
    )


def damaged(data: bytes, draw: random.Random) -> list[tuple[str, bytes]]:
    """Return one of each damage, at a place of its own."""
    at = draw.randrange(len(data))
    tail = draw.randrange(len(data) - 4096, len(data))
    cases = [("cut off", data[:at])]
    for name, place in (("one bit", at), ("one bit of the directory", tail)):
        flipped = bytearray(data)
        flipped[place] ^= 1 << draw.randrange(8)
        cases.append((name, bytes(flipped)))
    width = min(512, len(data) - at)
    cases.append(("a sector of zeros", data[:at] + bytes(width) + data[at + width :]))
    lie = draw.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\xff" * 8, b"\0\xe4\x0bT\2\0\0\0"])
    cases.append(("a number that lies", data[:tail] + lie + data[tail + len(lie) :]))
    return cases
