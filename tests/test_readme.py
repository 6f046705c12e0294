"""Every command and every snippet of the README, and of pages that took over from it, runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.build import bulk
from ase.io import write
from benchmarks.readme import speed_text, with_speed
from benchmarks.results import read_results

from ipip import save_student
from ipip.config.teacher import TeacherSettings
from ipip.data import read_frames, write_frames
from ipip.data.frame import Frame
from ipip.lammps.geometry import lammps_box, write_data
from ipip.models import Student
from tests.loop.conftest import plain_settings, reference_frames

BIN = Path(sys.executable).parent


def blocks(repository: Path, language: str, page: str = "README.md") -> list[str]:
    """Fenced blocks of a language, in order."""
    text = (repository / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def commands(repository: Path, page: str = "README.md") -> list[str]:
    """All shell commands, one a line."""
    return [line for block in blocks(repository, "sh", page) for line in block.splitlines() if line]


def run(command: str, folder: Path, timeout: float = 600) -> str:
    """Run a shell command with this environment's programs first on the path."""
    done = subprocess.run(
        command,
        shell=True,
        cwd=folder,
        env={**os.environ, "PATH": f"{BIN}:{os.environ['PATH']}", "OMP_NUM_THREADS": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def molecules() -> Atoms:
    """Mo, S and O atoms on a loose grid in a periodic box."""
    rng = np.random.default_rng(3)
    grid = np.array(list(np.ndindex(3, 3, 3)), dtype=float) * 3.5
    return Atoms(
        rng.choice([42, 16, 8], 27), grid + rng.normal(scale=0.1, size=(27, 3)), cell=[10.5] * 3
    )


@pytest.fixture
def folder(tmp_path: Path, make_student: Callable[..., Student]) -> Path:
    """A folder with all files that the README's snippets name."""
    save_student(make_student(), tmp_path / "student.pt")
    atoms = molecules()
    atoms.pbc = True
    write(tmp_path / "system.xyz", atoms)
    frame = Frame.from_atoms(atoms)
    write_data(tmp_path / "system.data", frame, ["Mo", "S", "O"], lammps_box(frame))
    return tmp_path


def test_no_command_is_forgotten(repository: Path) -> None:
    known = ("make ", "lmp ", "ipip ")
    assert commands(repository)
    assert all(line.startswith(known) for line in commands(repository))


def test_make_targets_exist(repository: Path) -> None:
    targets = [line for line in commands(repository) if line.startswith("make ")]
    assert {"make quick", "make test"} <= set(targets)
    for line in targets:
        run(f"{line} --dry-run", repository)


def test_it_is_short_and_shows_two_pictures(repository: Path) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 115
    pictures = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    assert len(pictures) == 2
    assert all(0 < (repository / path).stat().st_size < 150_000 for path in pictures)


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"])
def test_links_to_files_lead_somewhere(repository: Path, page: str) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", (repository / page).read_text(encoding="utf-8"))
    own = [link.partition("#")[0] for link in links if not link.startswith("http")]
    assert not [path for path in own if not (repository / path).exists()]


def test_its_speeds_match_the_recorded_results(repository: Path) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    speed = speed_text(read_results())
    assert with_speed(text, speed) == text, "run `python -m benchmarks.readme`"
    assert "µs per atom and step" in speed and speed in text
    with pytest.raises(ValueError, match="expected the lines"):
        with_speed("no markers", speed)


def test_the_test_command_is_the_one_of_continuous_integration(repository: Path) -> None:
    assert "exec make test" in (repository / ".ci" / "run").read_text(encoding="utf-8")
    assert "make test" in commands(repository)


def test_install_commands_match_the_set_up(repository: Path) -> None:
    makefile = (repository / "Makefile").read_text()
    lines = commands(repository, "docs/installation.md")
    lines = [line for line in lines if line.startswith("pip install -c ")]
    assert len(lines) == 2
    for line in lines:
        words = [w for w in shlex.split(line)[2:] if w not in ("-c", "constraints.txt")]
        for word in words:
            assert word.replace("[train]", "[train,sevennet,dev]") in makefile, word


def test_the_deck_runs(repository: Path, folder: Path) -> None:
    (deck,) = blocks(repository, "lammps")
    (folder / "in.ipip").write_text(deck)
    (command,) = (line for line in commands(repository) if line.startswith("lmp "))
    assert "Loop time" in run(command, folder)


@pytest.mark.parametrize("page", ["docs/own-teacher.md", "docs/own-dft.md"])
def test_blocks_of_teachers_and_levels_are_valid(repository: Path, page: str) -> None:
    found = [yaml.safe_load(block) for block in blocks(repository, "yaml", page)]
    assert found
    for block in found:
        TeacherSettings.model_validate(block.get("teacher", block))


def test_a_teacher_of_ones_own_labels_a_frame(repository: Path, folder: Path) -> None:
    page = "docs/own-teacher.md"
    (source,) = blocks(repository, "python", page)
    (folder / "my_potential.py").write_text(source, encoding="utf-8")
    level = next(b for b in blocks(repository, "yaml", page) if "import_path" in b)
    (folder / "teacher.yaml").write_text(level, encoding="utf-8")
    argon = bulk("Ar", a=5.3, cubic=True) * (2, 2, 2)
    argon.rattle(0.1, seed=1)
    write(folder / "frames.xyz", argon)
    (command,) = (line for line in commands(repository, page) if line.startswith("ipip label"))
    assert "1 of 1 frames labelled" in run(command, folder)
    (labelled,) = read_frames(folder / "labelled.xyz")
    assert labelled.forces is not None and abs(labelled.forces).max() > 0


def test_the_loop_commands_run(repository: Path, folder: Path) -> None:
    lines = [line for line in commands(repository) if line.startswith("ipip ")]
    alone = blocks(repository, "sh", "docs/first-run.md")[-2].splitlines()
    assert alone[0].startswith("ipip train")
    lines += alone
    data = repository / "examples" / "mo-s-o" / "data"
    (folder / "labels.xyz").symlink_to(data / "mso_pbe_d3.xyz")
    for line in lines:
        if line.startswith(("ipip init", "ipip validate")):
            run(line, folder)
    # the same commands on a system of a few atoms, so that they end soon
    frames = reference_frames(12, seed=1)
    write_frames(folder / "reference.xyz", frames)
    write_frames(folder / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    (folder / "my.yaml").write_text(yaml.safe_dump(plain_settings(folder)))
    train = {
        "data": [{"path": "reference.xyz", "keys": {"group": "traj"}}],
        "split": {"valid": 3, "test": 3},
        "student": {"channels": 8, "layers": 1},
        "training": {"max_epochs": 2},
    }
    (folder / "train.yaml").write_text(yaml.safe_dump(train))
    (folder / "labels.xyz").unlink()
    text = (folder / "reference.xyz").read_text()
    (folder / "labels.xyz").write_text(
        text.replace("energy=", "REF_energy=").replace("forces:R", "REF_forces:R")
    )
    for line in lines:
        if not line.startswith(("ipip init", "ipip validate")):
            run(line, folder)
    assert (folder / "runs" / "mine" / "best" / "student.pt").is_file()
    assert (folder / "runs" / "mine" / "summary.json").is_file()
