"""Each LAMMPS command behaves as documented, on one, two and four ranks."""

from __future__ import annotations

import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.pair_style.commands.registry import Entry
from tests.pair_style.commands.systems import write_systems
from tests.pair_style.commands.table import ENTRIES
from tests.pair_style.conftest import MPIRUN

PAGE = Path(__file__).resolve().parents[3] / "docs" / "lammps-commands.md"


def rows_of_page() -> list[str]:
    lines = PAGE.read_text().splitlines()
    first = lines.index("| --- | --- | --- |") + 1
    return [line for line in lines[first:] if line.startswith("| ")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    write_systems(folder)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_commands_behave_as_in_the_table(folder: Path, ranks: int) -> None:
    command = [sys.executable, "-m", "tests.pair_style.commands.run_entries", str(folder)]
    launch = [str(MPIRUN), "-np", str(ranks)] if ranks > 1 else []
    done = subprocess.run(
        [*launch, *command],
        cwd=PAGE.parents[1],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((folder / f"results_{ranks}.json").read_text())
    assert set(results) == {entry.name for entry in ENTRIES if ranks in entry.ranks}
    failed = {name: text for name, text in results.items() if text}
    assert not failed, "\n\n".join(f"{name}: {text}" for name, text in failed.items())


def test_the_page_has_the_entries() -> None:
    assert rows_of_page() == [entry.row for entry in ENTRIES]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_each_command_of_a_row_is_in_its_deck(entry: Entry) -> None:
    body = inspect.getsource(entry.check).split("def ", 1)[1]
    for words in re.findall(r"`([^`]+)`", entry.commands):
        word = next(w for w in words.split() if w not in ("fix", "compute"))
        assert word in body, word


def test_names_are_unique_and_cells_are_whole() -> None:
    names = [entry.name for entry in ENTRIES]
    assert len(set(names)) == len(names)
    assert all(entry.row.count("|") == 4 for entry in ENTRIES)
