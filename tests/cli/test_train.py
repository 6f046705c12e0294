"""`ipip train` and `ipip eval` from the command line's side."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from ipip.cli.main import main
from ipip.data import Frame, write_frames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with twelve labelled frames and a settings file for them."""
    random = np.random.default_rng(1)
    frames = []
    for index in range(12):
        positions = np.array([[0.0, 0, 0], [1.6, 0, 0], [0, 1.6, 0]])
        frames.append(
            Frame(
                np.array([42, 8, 16]),
                positions + 0.1 * random.normal(size=(3, 3)),
                np.eye(3) * 8.0,
                np.ones(3, bool),
                energy=float(-20 + random.normal()),
                forces=random.normal(size=(3, 3)),
                info={"config_type": "hot" if index % 2 else "cold", "traj": index // 2},
            )
        )
    write_frames(tmp_path / "frames.xyz", frames)
    (tmp_path / "small.yaml").write_text(
        """\
data:
  - path: frames.xyz
    keys: {group: traj}
split: {valid: 2, test: 2}
student: {channels: 8, layers: 1, cutoff: 4.0}
training: {max_epochs: 3, warmup_steps: 2}
seed: 5
"""
    )
    return tmp_path


def test_train_writes_all_its_files_and_eval_agrees_with_its_report(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(folder / "small.yaml")]) == 0
    out = folder / "small"
    names = "config.lock.yaml split.json last.ckpt best.ckpt metrics.csv tensorboard student.pt"
    for name in [*names.split(), "test.json", "parity.png", "errors.csv", "result.json"]:
        assert (out / name).exists(), name
    printed = capsys.readouterr().out
    assert "force MAE" in printed and "neighbours, mean (max)" in printed
    report = json.loads((out / "test.json").read_text())
    assert report["part"] == "test" and report["errors"]["n_frames"] == 2

    arguments = ["eval", str(out / "student.pt"), str(folder / "frames.xyz"), "--json"]
    assert main([*arguments, "--out", str(folder / "eval")]) == 0
    errors = json.loads(capsys.readouterr().out)
    assert errors["n_frames"] == 12 and set(errors["by_config_type"]) == {"hot", "cold"}
    with open(folder / "eval" / "errors.csv") as file:
        rows = list(csv.DictReader(file))
    test = json.loads((out / "split.json").read_text())["test"]
    own = np.mean([float(rows[index]["force_mae_ev_per_a"]) for index in test])
    assert own == pytest.approx(report["errors"]["force_mae_ev_per_a"], rel=1e-4)
    assert (folder / "eval" / "parity.png").stat().st_size > 10_000
    assert (folder / "eval" / "predicted.xyz").exists()


def test_train_again_returns_the_same_and_other_settings_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = folder / "small.yaml"
    assert main(["train", str(config), "--json"]) == 0
    first = capsys.readouterr().out
    assert main(["train", str(config), "--json"]) == 0
    assert capsys.readouterr().out == first
    config.write_text(config.read_text().replace("seed: 5", "seed: 6"))
    assert main(["train", str(config)]) == 2
    assert "seed is 5 there and 6 now" in capsys.readouterr().err


def test_dry_run_checks_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert main(["train", str(folder / "small.yaml"), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "6 steps" in printed and "closest pair" in printed
    assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("frames.xyz", "none.xyz", "no such file"),
        ("group: traj", "energy: E", "no frame has an energy under the key 'E'"),
        ("group: traj", "grup: traj", "did you mean `group`"),
        ("valid: 2", "valid: 20", "asks for 22 frames, but there are 12"),
        ("seed: 5", "elements: [Mo, O]", "S (first in frame 0) is not among"),
        ("seed: 5", "start_from: none.pt", "there is no such file"),
        ("max_epochs: 3", "loss: cubic", "loss"),
    ],
)
def test_wrong_input_ends_with_status_2_and_one_message(
    old: str, new: str, message: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = folder / "small.yaml"
    config.write_text(config.read_text().replace(old, new))
    assert main(["train", str(config)]) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert captured.err.count("\n") == 1 and captured.out == ""
    assert not (folder / "small").exists()


def test_eval_with_a_wrong_key_names_the_keys(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(folder / "small.yaml"), "--quiet"]) == 0
    student = str(folder / "small" / "student.pt")
    capsys.readouterr()
    assert main(["eval", student, str(folder / "frames.xyz"), "--forces-key", "REF_forces"]) == 2
    assert "per-atom keys there: forces" in capsys.readouterr().err
    assert main(["eval", str(folder / "small.yaml"), str(folder / "frames.xyz")]) == 2
    assert "TorchScript" in capsys.readouterr().err


def test_a_trained_student_can_be_the_start(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(folder / "small.yaml"), "--quiet"]) == 0
    more = folder / "more.yaml"
    text = (folder / "small.yaml").read_text()
    more.write_text(text + "start_from: small/student.pt\n")
    assert main(["train", str(more), "--json"]) == 0
    assert (folder / "more" / "student.pt").exists()
