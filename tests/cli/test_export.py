"""`ipip export` and `ipip info`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from ase.build import molecule
from ase.calculators.lj import LennardJones
from tests.cli.conftest import labelled_frames

from ipip import IpipCalculator, save_student
from ipip.cli.main import main
from ipip.config.training import TrainingSettings
from ipip.data import write_frames
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.export import load_core_student, load_student, read_metadata
from ipip.models import Student
from ipip.train import fit
from ipip.uncertainty import read_uncertainty


@pytest.fixture
def trained(make_student: Callable[..., Student], tmp_path: Path) -> Path:
    """A short training's folder."""
    rng = np.random.default_rng(1)
    frames = []
    for _ in range(6):
        atoms = Frame(
            numbers=np.array([42, 16, 8]),
            positions=np.array([[0.0, 0, 0], [2.2, 0, 0], [0, 2.1, 0.3]])
            + rng.normal(scale=0.1, size=(3, 3)),
            cell=np.zeros((3, 3)),
            pbc=np.zeros(3, dtype=bool),
        ).to_atoms()
        atoms.calc = LennardJones(sigma=2.0, epsilon=0.2)
        atoms.get_forces()
        frames.append(Frame.from_atoms(atoms))
    settings = TrainingSettings(max_epochs=3, batch_size=2)
    fit(make_student(), frames[:4], frames[4:], settings, tmp_path / "run", seed=1, progress=False)
    return tmp_path / "run"


def test_a_checkpoint_becomes_a_checked_model_file(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "student.pt"
    assert main(["export", str(trained / "best.ckpt"), str(target)]) == 0
    table = capsys.readouterr().out
    assert "LAMMPS" in table and "TorchScript" in table and "DIFFERS" not in table
    assert read_metadata(target).training_digest is not None


def test_the_expected_errors_of_a_training_are_exported(
    make_student: Callable[..., Student], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_frames(tmp_path / "frames.xyz", labelled_frames(12))
    (tmp_path / "small.yaml").write_text(
        "data: [{path: frames.xyz, keys: {group: traj}}]\nsplit: {valid: 4, test: 2}\n"
        "student: {channels: 8, layers: 1, cutoff: 4.5}\ntraining: {max_epochs: 3}\n"
    )
    assert main(["train", "--quiet", str(tmp_path / "small.yaml")]) == 0
    own, best = tmp_path / "small" / "student.pt", str(tmp_path / "small" / "best.ckpt")
    expected = read_uncertainty(own)
    assert expected is not None
    for target in (tmp_path / "other.pt", own):  # the second replaces the training's file
        assert main(["export", "--no-lammps", best, str(target)]) == 0
        assert "expected errors" not in capsys.readouterr().out
        exported = read_uncertainty(target)
        assert exported is not None and exported.fitted_on == expected.fitted_on
        np.testing.assert_array_equal(exported.density.means, expected.density.means)
    save_student(make_student(), own)  # other weights: what they expect is of no use here
    assert main(["export", "--no-lammps", best, str(tmp_path / "student.pt")]) == 0
    assert read_uncertainty(tmp_path / "student.pt") is None


def test_a_student_without_expected_errors_comes_with_the_command_that_adds_them(
    trained: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "student.pt"
    assert main(["export", "--no-lammps", str(trained / "best.ckpt"), str(target)]) == 0
    printed = capsys.readouterr().out
    assert f"{target}: has no expected errors" in printed
    assert f"`ipip uncertainty {target} FRAMES`" in printed


def test_a_model_file_may_have_any_name(
    make_student: Callable[..., Student],
    tmp_path: Path,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> None:
    """LAMMPS changes non-ASCII characters, and treats quotes, $, # and & specially."""
    folder = Path(
        os.fsdecode(os.fsencode(tmp_path) + b"/l\xc3\xa4uft \"q'\n$x #& @1 {} %s [a] \xff")
    )
    source, target = folder / "ünï.pt", folder / "-ö@2.pt"
    save_student(make_student(), source)
    assert main(["export", str(source), str(target)]) == 0
    table = capsysbinary.readouterr().out
    assert b"LAMMPS" in table and b"DIFFERS" not in table
    atoms = molecule("SO2")
    energies = []
    for backend in ("kernels", "torchscript", "eager"):
        atoms.calc = IpipCalculator(target, backend=backend)
        energies.append(atoms.get_potential_energy())
    np.testing.assert_allclose(energies, energies[0], rtol=1e-9)


def test_a_missing_model_of_any_name_is_reported(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.pt")
    with pytest.raises(InputError, match=r"\udcff\udcfe\.pt: there is no such file"):
        load_core_student(path)


def test_precision_can_be_changed(
    make_student: Callable[..., Student], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_student(make_student(dtype="float32"), tmp_path / "single.pt")
    arguments = ["export", str(tmp_path / "single.pt"), str(tmp_path / "double.pt")]
    assert main([*arguments, "--dtype", "float64", "--no-lammps"]) == 0
    student = load_student(tmp_path / "double.pt")
    metadata = read_metadata(tmp_path / "double.pt")
    assert metadata.dtype == "float64" and student.embedding.weight.dtype == torch.float64
    atoms = Frame(
        numbers=np.array([42, 16]),
        positions=np.array([[0.0, 0, 0], [2.2, 0, 0]]),
        cell=np.zeros((3, 3)),
        pbc=np.zeros(3, dtype=bool),
    ).to_atoms()
    energies = []
    for name in ("single.pt", "double.pt"):
        atoms.calc = IpipCalculator(tmp_path / name)
        energies.append(atoms.get_potential_energy())
    assert energies[0] == pytest.approx(energies[1], rel=1e-5)
    capsys.readouterr()


def test_info_prints_elements_and_the_deck(
    make_student: Callable[..., Student], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_student(make_student(), tmp_path / "student.pt")
    assert main(["info", str(tmp_path / "student.pt")]) == 0
    said = capsys.readouterr().out
    assert "Mo S O" in said and "pair_style ipip" in said
    assert main(["info", "--json", str(tmp_path / "student.pt")]) == 0
    assert json.loads(capsys.readouterr().out)["format"] == "ipip-student"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["info", "nothing.pt"], "no such file"),
        (["export", "nothing.pt", "out.pt"], "no such file"),
        (["export", "nothing.ckpt", "out.pt"], "no such checkpoint"),
        (["export", "same.pt", "same.pt"], "same file"),
    ],
)
def test_wrong_files_end_with_status_2_and_one_sentence(
    arguments: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr().err
    assert message in said and "Traceback" not in said and said.count("\n") == 1


def test_another_checkpoint_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    torch.save({"state_dict": {}}, tmp_path / "foreign.ckpt")
    assert main(["export", str(tmp_path / "foreign.ckpt"), str(tmp_path / "out.pt")]) == 2
    assert "not a checkpoint of a student's training" in capsys.readouterr().err
