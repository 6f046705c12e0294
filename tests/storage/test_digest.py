"""One digest for the whole package: SHA-256, whole or piece by piece."""

from __future__ import annotations

import ast
from pathlib import Path

import ipip
from ipip.storage.digest import Digest, bytes_digest, file_digest, hex_digest, json_digest

# Of the three letters abc, as FIPS 180-2 has it (B.1).
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
PACKAGE = Path(ipip.__file__).parent
# Whose SHA-256 is no digest of a content, or who runs without ipip.
OTHERS = {
    "storage/digest.py",
    "pipeline/seeds.py",  # random numbers
    "stability/jobs.py",  # random numbers
    "data/duplicates.py",  # a shorter name of rounded geometries
    "lammps/supervision.py",  # without ipip
    "teacher_program/opening.py",  # without ipip
}


def test_it_matches_the_standard(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")
    piecewise = Digest(b"a")
    piecewise.update(b"b")
    piecewise.update(b"c")
    assert hex_digest(b"abc") == piecewise.hex == ABC
    assert (
        bytes_digest(b"abc") == file_digest(tmp_path / "abc") == str(piecewise) == f"sha256:{ABC}"
    )


def test_equal_values_have_equal_digests_in_any_order():
    assert json_digest({"a": 1, "b": [2.0]}) == json_digest({"b": [2.0], "a": 1})
    assert json_digest({"a": 1}) != json_digest({"a": 1.5})


def test_no_other_module_makes_one():
    users = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and any(name.name == "hashlib" for name in node.names)
    }
    assert users == OTHERS
