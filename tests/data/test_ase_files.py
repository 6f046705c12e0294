"""Names of files are names: no character of them has a meaning."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule
from ase.io import write

from ipip.data import Frame, read_frames, write_frames
from ipip.systems.files import read_structure

NAMES = (
    "mo@1200K",
    "@0",
    "a@:",
    "-",
    "[ab]*?",
    "postgres",
    "ünï",
    "%d{x}",
    " ",
    "q\"u'o",
    "n\nl",
    "L" * 250,
)


def frame() -> Frame:
    return Frame.from_atoms(molecule("SO2")).replace(energy=-1.5, forces=np.zeros((3, 3)))


@pytest.mark.parametrize("suffix", [".xyz", ".db", ".lmdb"])
@pytest.mark.parametrize("name", NAMES)
def test_frames_are_kept_under_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, suffix: str
) -> None:
    monkeypatch.chdir(tmp_path)
    path = Path(name + suffix)
    write_frames(path, [frame(), frame().replace(energy=-2.5)])
    assert [one.energy for one in read_frames(path)] == [-1.5, -2.5]
    assert os.listdir(tmp_path) == [name + suffix]


def test_a_name_of_bytes_that_are_not_text_is_read_and_reported(tmp_path: Path) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.xyz"))
    write_frames(path, [frame()])
    assert read_frames(path)[0].energy == -1.5
    with pytest.raises(Exception, match=r"\udcff\udcfe.db: no such file"):
        read_frames(path.with_suffix(".db"))


@pytest.mark.parametrize("name", ["mo@1200K.xyz", "POSCAR@2", "-", "ünï@.cif"])
def test_structures_are_read_from_files_of_any_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    atoms = molecule("SO2", vacuum=3.0)
    atoms.pbc = True
    kind = {"P": "vasp", "-": "extxyz", "ü": "cif", "m": "extxyz"}[name[0]]
    with open(name, "w" if kind != "cif" else "wb") as file:
        write(file, atoms, format=kind)
    found = read_structure(Path(name))
    assert sorted(found.numbers) == [8, 8, 16]
    np.testing.assert_allclose(found.get_volume(), atoms.get_volume(), rtol=1e-6)
