"""What errors to expect: fitted, checked, printed, and read by calculators."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.uncertainty.made_up import made_up
from typer.testing import CliRunner

from ipip import IpipCalculator, save_student
from ipip.cli.main import app
from ipip.data import Frame, frames_digest, read_frames, write_frames
from ipip.errors import InputError
from ipip.evaluation import evaluate_file, open_student
from ipip.evaluation.checked_uncertainty import add_checked_uncertainty
from ipip.evaluation.expected_errors import add_uncertainty, thinned, try_add_uncertainty
from ipip.models import Student
from ipip.uncertainty import read_uncertainty, write_uncertainty

Make = Callable[..., Student]


@pytest.fixture
def model(make_student: Make, tmp_path: Path) -> Path:
    save_student(make_student(), tmp_path / "student.pt")
    return tmp_path / "student.pt"


def drawn(count: int, seed: int, spread: float) -> list[Frame]:
    """Small clusters, two of a trajectory."""
    rng = np.random.default_rng(seed)
    frames = []
    for index in range(count):
        positions = 2.2 * np.argwhere(np.ones((2, 2, 2))) + rng.normal(scale=spread, size=(8, 3))
        numbers = np.array([42, 16, 8, 16, 8, 42, 16, 8])
        info = {"traj": f"run{index // 2}"}
        frames.append(Frame(numbers, positions, np.eye(3) * 20, np.zeros(3, bool), info=info))
    return frames


def labelled(model: Path, frames: list[Frame]) -> list[Frame]:
    """With labels from which the student differs the more, the farther it is from training."""
    rng = np.random.default_rng(9)
    done = open_student(model)[0].evaluate_frames(frames)
    features = open_student(model)[0].describe_frames(frames)
    middle = np.concatenate(features).mean(0)
    return [
        one.label(frame).replace(
            forces=one.forces
            + 0.3
            * np.linalg.norm(own - middle, axis=1)[:, None]
            * rng.normal(size=one.forces.shape)
        )
        for one, own, frame in zip(done, features, frames, strict=True)
    ]


def test_a_finished_student_gets_it_and_the_check_uses_frames_left_out(model: Path) -> None:
    training, frames = drawn(20, 0, 0.15), labelled(model, drawn(40, 1, 0.3))
    checked = add_checked_uncertainty(model, frames, training, group="traj")
    found = read_uncertainty(model)
    assert found is not None
    assert found.fitted_on["training_frames"] == 20
    assert found.fitted_on["validation_frames"] == 40
    assert found.density.atoms.sum() == 160
    assert checked.check.atoms == 320
    assert checked.check.rank_correlation > 0.2 and checked.check.auc_worst_tenth > 0.6
    assert checked.check.below == pytest.approx(0.9, abs=0.06)


def test_a_trained_student_is_not_lost_where_its_frames_say_nothing_of_errors(
    model: Path, caplog: pytest.LogCaptureFixture
) -> None:
    frames = labelled(model, drawn(4, 1, 0.3))
    before = model.read_bytes()
    try_add_uncertainty(model, drawn(4, 0, 0.15), [])
    try_add_uncertainty(model, drawn(4, 0, 0.15), drawn(4, 1, 0.3))  # without forces
    try_add_uncertainty(model, [], frames)
    assert model.read_bytes() == before
    assert "has no uncertainty: 0 training and 4 validation frames" in caplog.text
    try_add_uncertainty(model, drawn(4, 0, 0.15), frames)
    assert read_uncertainty(model) is not None


def test_a_second_fit_keeps_the_features_in_training(model: Path) -> None:
    add_checked_uncertainty(model, labelled(model, drawn(12, 1, 0.3)), drawn(20, 0, 0.15))
    before = read_uncertainty(model)
    checked = add_checked_uncertainty(model, labelled(model, drawn(12, 2, 0.3)), None)
    after = read_uncertainty(model)
    assert before is not None and after is not None
    np.testing.assert_array_equal(before.density.means, after.density.means)
    assert "stored in the file" in checked.how
    assert not np.array_equal(before.calibration.errors, after.calibration.errors)


def test_without_training_frames_half_of_the_frames_replace_them(model: Path) -> None:
    checked = add_checked_uncertainty(model, labelled(model, drawn(20, 1, 0.3)), None)
    assert "features of 10 of the frames" in checked.how
    assert checked.uncertainty.fitted_on["validation_frames"] == 10


@pytest.mark.parametrize("backend", ["auto", "eager", "torchscript"])
def test_calculators_give_them_by_every_backend(model: Path, backend: str) -> None:
    write_uncertainty(model, made_up(8))
    frame = drawn(1, 3, 0.2)[0]
    atoms = frame.to_atoms()
    atoms.calc = IpipCalculator(model, backend=backend)
    student = open_student(model)[0]
    expected = made_up(8).expected(
        student.describe_frames([frame])[0], np.array([0, 1, 2, 1, 2, 0, 1, 2])
    )
    np.testing.assert_allclose(atoms.calc.get_property("uncertainties", atoms), expected, rtol=1e-6)
    forces = atoms.get_forces()
    done = open_student(model, backend=backend)[0].evaluate_frames([frame])[0]
    np.testing.assert_allclose(done.forces, forces, atol=1e-7)
    assert done.uncertainties is not None
    np.testing.assert_allclose(done.uncertainties, expected, rtol=1e-6)


def test_a_calculator_of_a_student_without_says_what_to_do(model: Path) -> None:
    atoms = drawn(1, 3, 0.2)[0].to_atoms()
    atoms.calc = IpipCalculator(model)
    assert "uncertainties" not in atoms.calc.results
    with pytest.raises(InputError, match="add them with `ipip uncertainty"):
        atoms.calc.get_property("uncertainties", atoms)


def test_the_verbs_add_print_and_compare_it(model: Path, tmp_path: Path) -> None:
    write_frames(tmp_path / "frames.xyz", labelled(model, drawn(12, 1, 0.3)))
    write_frames(tmp_path / "train.xyz", labelled(model, drawn(12, 0, 0.2)))
    runner = CliRunner()
    plain = runner.invoke(app, ["info", str(model)])
    assert "add them with `ipip uncertainty" in " ".join(plain.output.split())
    added = runner.invoke(
        app,
        [
            *("uncertainty", str(model), str(tmp_path / "frames.xyz"), "--json"),
            *("--training", str(tmp_path / "train.xyz")),
        ],
    )
    assert added.exit_code == 0, added.output
    check = json.loads(added.output)["check"]
    assert check["atoms"] == 96 and len(check["expected"]) == len(check["observed"])
    told = " ".join(runner.invoke(app, ["info", str(model)]).output.split())
    assert "12 validation frames" in told
    out = tmp_path / "eval"
    compared = runner.invoke(
        app, ["eval", str(model), str(tmp_path / "frames.xyz"), "--out", str(out)]
    )
    assert compared.exit_code == 0, compared.output
    assert "rank correlation" in " ".join(compared.output.split())
    assert (out / "reliability.png").stat().st_size > 5000
    metrics = json.loads((out / "metrics.json").read_text())
    assert metrics["uncertainty"]["atoms"] == 96
    assert len(read_frames(out / "predicted.xyz")) == 12


def test_expected_errors_come_from_the_device_that_evaluates(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_uncertainty(model, made_up(8))
    write_frames(tmp_path / "frames.xyz", labelled(model, drawn(2, 1, 0.3)))
    on_cpu = evaluate_file(model, tmp_path / "frames.xyz")["uncertainty"]
    opened = []

    def recording(*args: Any, **options: Any) -> Any:
        opened.append(options.get("device", "cpu"))
        return open_student(*args, **options)

    for name in ("evaluate_file", "predict_file"):
        module = importlib.import_module(f"ipip.evaluation.{name}")
        monkeypatch.setattr(module, "open_student", recording)
    emulated = evaluate_file(model, tmp_path / "frames.xyz", None, None, "emulate")["uncertainty"]
    assert opened == ["emulate", "emulate"]
    np.testing.assert_allclose(emulated["expected"], on_cpu["expected"], rtol=1e-4)


def test_too_few_frames_and_unlabelled_ones_are_reported(model: Path) -> None:
    with pytest.raises(InputError, match="3 frames; expected 4 or more"):
        add_checked_uncertainty(model, labelled(model, drawn(3, 1, 0.3)), None)
    with pytest.raises(InputError, match="has no forces"):
        add_checked_uncertainty(model, drawn(8, 1, 0.3), drawn(4, 0, 0.2))
    with pytest.raises(InputError, match="8 frames have no run"):
        add_checked_uncertainty(model, labelled(model, drawn(8, 1, 0.3)), None, group="run")


class Counted(Sequence[Frame]):
    """Frames on a disk: counts how often one is read."""

    def __init__(self, frames: list[Frame]) -> None:
        self._frames, self.reads = frames, 0

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        self.reads += 1
        return self._frames[index]

    def __iter__(self) -> Iterator[Frame]:
        return (self[index] for index in range(len(self)))


def test_a_training_set_is_read_in_one_pass(model: Path) -> None:
    frames = drawn(30, 0, 0.15)
    training = Counted(frames)
    fitted = add_uncertainty(model, training, labelled(model, drawn(8, 1, 0.3)))
    assert training.reads == 30
    assert fitted.fitted_on["training_digest"] == frames_digest(frames)
    assert fitted.fitted_on["training_frames"] == 30


@pytest.mark.parametrize(("most_atoms", "step"), [(240, 1), (239, 2), (100, 4), (8, 32), (1, 32)])
def test_frames_of_a_large_set_are_thinned_evenly(most_atoms: int, step: int) -> None:
    frames = drawn(30, 0, 0.15)  # of 8 atoms
    chosen, digest = thinned(iter(frames), most_atoms)
    assert [id(frame) for frame in chosen] == [id(frame) for frame in frames[::step]]
    assert digest == frames_digest(frames)


def test_frames_that_a_gpu_takes_at_once_have_theirs_too(model: Path) -> None:
    write_uncertainty(model, made_up(8))
    frames = drawn(3, 3, 0.2)
    one_by_one = open_student(model)[0].evaluate_frames(frames)
    at_once = open_student(model, device="emulate")[0].evaluate_frames(frames)
    for done, expected in zip(at_once, one_by_one, strict=True):
        assert done.uncertainties is not None
        np.testing.assert_allclose(done.uncertainties, expected.uncertainties, rtol=1e-5)
