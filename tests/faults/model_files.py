"""Damaged and forged model files, read in Python, and in C++ under its sanitizers."""

from __future__ import annotations

import json
import os
import random
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

from tests.uncertainty.made_up import made_up
from tests.zip_records import with_metadata

from ipip import build_student, load_student, save_student
from ipip.errors import InputError
from ipip.export import weights_digest
from ipip.models import Student
from ipip.uncertainty import read_uncertainty, write_uncertainty

ROOT = Path(__file__).resolve().parents[2]
VERSION_1 = ROOT / "tests/export/version1/painn.pt"
MOST_MIB = 64  # no array of a file of 60 KB needs more, whatever the file states
HARMLESS = "not a part that is read, or the file says the same"
FORGED = "as above, or right digests over other content: no reader can tell"
Counts = dict[str, Counter[str]]


class NoSanitizerError(Exception):
    """The compiler comes without its sanitizers."""


def build_fuzzer(folder: Path) -> Path:
    """Build the C++ reader of model files so that it stops at the first wrong step.

    Raises:
        NoSanitizerError: the compiler lacks a sanitizer.
    """
    program = folder / "fuzz_model_file"
    readers = sorted((ROOT / "cpp/src/model").glob("*.cpp"))
    sources = [ROOT / "cpp/fuzz/fuzz_model_file.cpp", *readers]
    flags = ["-std=c++20", "-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    folders = [f"-I{ROOT / 'cpp/include'}", f"-I{ROOT / 'cpp/src'}"]
    done = subprocess.run(
        [os.environ.get("CXX", "c++"), *flags, *folders, *map(str, sources), "-o", str(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0 and "cannot find" in done.stderr:
        raise NoSanitizerError(done.stderr)
    assert done.returncode == 0, done.stderr
    return program


def small_student(path: Path) -> Path:
    """Write a student whose file is small, with expected errors."""
    save_student(build_student("painn", ["Mo", "S"], channels=4, layers=2, n_radial=4), path)
    write_uncertainty(path, made_up(4, n_species=2))
    return path


def read_in_cpp(fuzzer: Path, path: Path, rounds: int, seed: int) -> Counts:
    """Damage and forge a file of each version; count the C++ reader's answers.

    Returns:
        How often each damage was reported, unnoticed, or wrong: accepted though not forged.
    """
    done = subprocess.run(
        [str(fuzzer), str(seed), str(rounds), str(path), str(VERSION_1)],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"ASAN_OPTIONS": f"max_allocation_size_mb={MOST_MIB}"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counts: Counts = {}
    for kind, (tried, refused, harmless, believed) in json.loads(done.stdout).items():
        assert tried == refused + harmless + believed, kind
        forged = kind.startswith("forged")
        counts[kind] = Counter(
            reported=refused,
            unnoticed=harmless + (believed if forged else 0),
            wrong=0 if forged else believed,
        )
    return counts


def read_in_python(path: Path, rounds: int, seed: int) -> Counts:
    """Damage a file, and forge its metadata; count the answers of `load_student`, as above."""
    data = path.read_bytes()
    expected = (*content(load_student(path)), str(read_uncertainty(path)))
    draw = random.Random(seed)
    counts: Counts = {}
    target = path.with_name("damaged.pt")
    for _ in range(rounds):
        for kind, changed in damaged(data, draw):
            target.write_bytes(changed)
            found = _read(target, expected)
            counts.setdefault(f"damage: {kind}", Counter())[found] += 1
        if b"extra/ipip.json" in data:
            with_metadata(path, target, lambda block: _forge(block, draw))
            found = _read(target, expected)
            found = "unnoticed" if found == "wrong" else found
            counts.setdefault("forged: extra/ipip.json", Counter())[found] += 1
    target.unlink()
    return counts


def _read(path: Path, expected: tuple[object, ...]) -> str:
    try:
        found = (*content(load_student(path)), str(read_uncertainty(path)))
    except InputError as error:
        said = str(error)
        assert "\n" not in said and len(said) < 1000, said
        return "reported"
    return "unnoticed" if found == expected else "wrong"


def content(student: Student) -> tuple[object, ...]:
    """Return what makes two students the same."""
    return (
        student.architecture,
        student.symbols,
        student.arguments,
        weights_digest(student.state_dict()),
    )


def damaged(data: bytes, draw: random.Random) -> list[tuple[str, bytes]]:
    """Return one of each damage, each at a different place."""
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


HOSTILE: list[Any] = [
    None, True, -1, 0, 1, 10**7, 10**30, -0.5, 1e308, "", "8", "../../x", "\0\u202e", [], {},
    [[[[[]]]]], ["Mo"] * 3, {"a": None},
]  # fmt: skip


def _forge(block: dict[str, Any], draw: random.Random) -> None:
    """Give a field, or an argument of the network, a hostile value; or take it away."""
    place = draw.choice([block, block.get("arguments") or block])
    name = draw.choice(sorted(place))
    if draw.random() < 0.1:
        del place[name]
    else:
        place[name] = draw.choice(HOSTILE)
