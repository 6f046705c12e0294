"""The chignolin recipe: AIMD-Chig's files in, errors in kcal/mol out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from ase import units

from ipip.config.load import load_settings
from ipip.config.recipe import RecipeSettings
from ipip.data import read_frames

from .conftest import Peptide

Example = Callable[[str, str], ModuleType]


@pytest.fixture
def aimd_chig(peptide: Peptide, tmp_path: Path) -> Path:
    """The peptide's frames laid out as AIMD-Chig: two anchors of seven frames each."""
    root = tmp_path / "AIMD-Chig"
    rows = []
    for anchor in (3, 12):
        coordinates, forces = [], []
        for frame in range(7):
            index = frame + (7 if anchor == 12 else 0)
            rows.append((1, anchor, frame))
            energy = peptide.energies[index] / units.Hartree
            head = f"Step {frame}, t={frame}.00 fs, E_Pot={energy:.8f} Hartree"
            tables = (
                (coordinates, "Position", peptide.positions[index], "Angstrom"),
                (forces, "Force", peptide.forces[index] / units.Hartree, "Hartree/Angstrom"),
            )
            for text, what, values, unit in tables:
                text += [str(len(values)), f"# ORCA AIMD {what} {head}, Unit is {unit}"]
                for symbol, row in zip(peptide.symbols, values, strict=True):
                    text.append(f"  {symbol} " + " ".join(f"{x:14.8f}" for x in row))
        for kind, text in (("Coordinates", coordinates), ("Force", forces)):
            folder = root / kind / kind / "1"
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{kind}_{anchor}.xyz").write_text("\n".join(text) + "\n")
    (root / "Split").mkdir()
    ids = np.array(rows)
    np.savez(root / "Split" / "random.npz", train_id=ids[::2], val_id=ids[1::4], test_id=ids[3::4])
    return root


def test_quick_trains_on_the_contents_of_the_files(
    example: Example,
    peptide: Peptide,
    aimd_chig: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chignolin = example("chignolin", "chignolin")
    out = tmp_path / "out"
    command = ["--data", str(aimd_chig), "--quick", "--dir", str(out)]
    assert chignolin.main(command) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["frames"] == {"train": 9, "valid": 1, "test": 4}
    assert report["results"][0]["force_mae_kcal_per_mol_a"] > 0
    frames = read_frames(out / "labels.lmdb")
    assert len(frames) == 14
    for frame in frames:
        _, anchor, number = map(int, frame.info["conformation"].split("/"))
        index = number + (7 if anchor == 12 else 0)
        assert frame.energy == pytest.approx(peptide.energies[index], abs=1e-6)
        assert np.allclose(frame.positions, peptide.positions[index], atol=1e-8)
        assert np.allclose(frame.forces, peptide.forces[index], atol=1e-6)

    capsys.readouterr()
    assert chignolin.main([*command, "--seed", "2"]) == 2
    assert "holds another draw (14 frames, seed 1)" in capsys.readouterr().err


def test_a_draw_of_some_frames_reads_those_only(
    example: Example, peptide: Peptide, aimd_chig: Path
) -> None:
    reader = example("chignolin", "aimd_chig")
    rows = reader.read_identities(aimd_chig)
    assert rows.tolist() == [[1, anchor, frame] for anchor in (3, 12) for frame in range(7)]
    said = reader.Reading()
    frames = list(reader.read_labels(aimd_chig, rows[[1, 4, 9]], said))
    assert (said.frames, said.headers_differ) == (3, 0)
    assert [frame.energy for frame in frames] == pytest.approx(
        peptide.energies[[1, 4, 9]], abs=1e-6
    )


def test_settings_are_the_paper_s(example: Example, repository: Path) -> None:
    chignolin = example("chignolin", "chignolin")
    assert chignolin.LABELS == (20_000, 100_000, 600_000)
    path = repository / "examples" / "chignolin" / "settings.yaml"
    settings = load_settings(path, RecipeSettings)
    student = settings.student.model_dump()
    assert (student["layers"], student["channels"], student["lmax"]) == (6, 128, 1)
    assert settings.rounds == 3 and settings.starts == 150
    assert settings.teacher_md.temperature == settings.student_md.temperature == 340.0


def change(root: Path, name: str, old: str, new: str) -> None:
    (path,) = root.rglob(name)
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda root: (root / "Split" / "random.npz").unlink(), r"holds no Split/random\.npz"),
        (lambda root: change(root, "Force_3.xyz", "Step 0,", "Step 9,"), "has step 9 where"),
        (lambda root: change(root, "Force_3.xyz", "E_Pot", "Energy"), r"frame 0 \(line 1\)"),
        (lambda root: change(root, "Force_12.xyz", "  C ", "  N "), "its atoms differ"),
        (lambda root: next(root.rglob("Force_3.xyz")).unlink(), r"Force_3\.xyz in folder 1"),
        (
            lambda root: change(root, "Coordinates_12.xyz", "\n42\n", "\n43\n"),
            r"frame 1 \(line 45\): expected 42 atoms",
        ),
    ],
)
def test_files_that_do_not_fit_are_refused_by_name(
    damage: Callable[[Path], None],
    message: str,
    example: Example,
    aimd_chig: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    damage(aimd_chig)
    out = tmp_path / "out"
    chignolin = example("chignolin", "chignolin")
    assert chignolin.main(["--data", str(aimd_chig), "--quick", "--dir", str(out)]) == 2
    error = capsys.readouterr().err
    assert re.search(message, error) and error.count("\n") == 1
    assert not out.exists() or not list(out.glob("*.lmdb"))


def test_headers_that_disagree_on_the_energy_are_counted(example: Example, aimd_chig: Path) -> None:
    reader = example("chignolin", "aimd_chig")
    change(aimd_chig, "Force_3.xyz", "E_Pot=-", "E_Pot=-1")
    said = reader.Reading()
    assert len(list(reader.read_labels(aimd_chig, reader.read_identities(aimd_chig), said))) == 14
    assert said.headers_differ == 1


def test_the_real_molecule_has_166_atoms(
    example: Example, aimd_chig: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [
        "--data",
        str(aimd_chig),
        "--labels",
        "8",
        "--test",
        "2",
        "--dir",
        str(tmp_path / "o"),
    ]
    assert example("chignolin", "chignolin").main(command) == 2
    assert "has 42 atoms; chignolin has 166" in capsys.readouterr().err
