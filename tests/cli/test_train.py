"""`ipip train` and `ipip eval` from the command line's side."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from ipip.cli.main import main
from ipip.data import Frame, read_frames, write_frames


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
    names += " training.html"
    for name in [*names.split(), "test.json", "parity.png", "errors.csv", "result.json"]:
        assert (out / name).exists(), name
    printed = capsys.readouterr().out
    assert "forces in eV/Å (components)" in printed and "neighbours, mean (max)" in printed
    report = json.loads((out / "test.json").read_text())
    assert report["part"] == "test" and report["errors"]["n_frames"] == 2
    assert "trained 6 steps in " in printed and f"best epoch {report['best_epoch'] + 1};" in printed

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
    assert (folder / "eval" / "parity.html").exists()


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
    assert "seed was 5 and is 6 now" in capsys.readouterr().err


def test_a_training_that_was_moved_with_its_files_is_the_same(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(folder / "small.yaml"), "--json"]) == 0
    first = capsys.readouterr().out
    moved = folder.rename(folder.parent / "moved")
    trained = (moved / "small" / "last.ckpt").stat().st_mtime_ns
    assert main(["train", str(moved / "small.yaml"), "--json"]) == 0
    assert capsys.readouterr().out == first
    assert (moved / "small" / "last.ckpt").stat().st_mtime_ns == trained
    frames = list(read_frames(moved / "frames.xyz"))
    write_frames(moved / "frames.xyz", [*frames[:-1], frames[0]])
    assert main(["train", str(moved / "small.yaml")]) == 2
    assert "is a split of other frames" in capsys.readouterr().err


def test_dry_run_checks_and_writes_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in folder.iterdir())
    assert main(["train", str(folder / "small.yaml"), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "at most 3 epochs, 6 steps" in printed and "closest pair" in printed
    assert "absolute loss (energy per atom)" in " ".join(printed.split())
    assert sorted(path.name for path in folder.iterdir()) == before


def test_the_plan_reports_charges_that_a_student_cannot_distinguish(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = read_frames(folder / "frames.xyz")
    charged = [
        frame.replace(info=frame.info | {"charge": -(k % 2)}) for k, frame in enumerate(frames)
    ]
    write_frames(folder / "frames.xyz", charged)
    config = folder / "small.yaml"
    assert main(["train", str(config), "--dry-run"]) == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "frames of one composition, MoOS, have different states: charge" in told
    config.write_text(config.read_text().replace("keys:", "where: {charge: -1}\n    keys:"))
    config.write_text(config.read_text().replace("valid: 2, test: 2", "valid: 1, test: 1"))
    assert main(["train", str(config), "--dry-run"]) == 0
    assert "different states" not in capsys.readouterr().out


def test_a_stress_that_is_not_finite_stops_only_a_training_that_learns_stresses(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (folder / "frames.xyz").read_text()
    (folder / "frames.xyz").write_text(text.replace("energy=", 'stress="nan 0 0 0 0 0" energy='))
    config = folder / "small.yaml"
    assert main(["train", str(config), "--dry-run"]) == 0
    config.write_text(
        config.read_text().replace("max_epochs: 3", "max_epochs: 3, stress_weight: 1")
    )
    assert main(["train", str(config), "--dry-run"]) == 2
    assert "frame 0: the stress" in (said := capsys.readouterr().err) and "stress: null" in said


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("frames.xyz", "none.xyz", "no such file"),
        ("group: traj", "energy: E", "no frame has an energy under the key 'E'"),
        ("group: traj", "grup: traj", "did you mean `group`"),
        ("valid: 2", "valid: 20", "requests 22 frames, but only 12 exist"),
        ("seed: 5", "elements: [Mo, O]", "S (first in frame 0) is not among"),
        ("seed: 5", "start_from: none.pt", "there is no such file"),
        ("max_epochs: 3", "loss: cubic", "loss"),
        ("max_epochs: 3", "huber_forces: 0", "huber_forces"),
        ("max_epochs: 3", "config_type_weights: {hot: -1}", "config_type_weights"),
        ("max_epochs: 3", "config_type_weights: {warm: 1}", "expected some of cold, hot"),
        ("max_epochs: 3", "freeze: [embeding]", "matches no parameter of the student"),
        ("max_epochs: 3", "precision: fp8", "precision"),
        ("seed: 5", "replay: {data: [{path: frames.xyz}]}", "replay is given without start_from"),
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


def test_frames_of_a_trajectory_that_are_split_one_by_one_are_reported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first = read_frames(folder / "frames.xyz")[0]
    moved = [first.replace(positions=first.positions * (1 + 0.01 * k)) for k in range(12)]
    traj = [frame.replace(info={"traj": k // 2}) for k, frame in enumerate(moved)]
    write_frames(folder / "frames.xyz", traj)
    config = folder / "small.yaml"
    words = "Warning: the frames follow one another like a trajectory, and are split one by one"
    assert main(["train", str(config), "--dry-run"]) == 0
    assert words not in capsys.readouterr().out
    config.write_text(config.read_text().replace("keys: {group: traj}", "keys: {}"))
    assert main(["train", str(config), "--dry-run"]) == 0
    assert words in capsys.readouterr().out


def test_the_plan_reports_duplicates_and_outliers(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    frames = read_frames(folder / "frames.xyz")
    frames = [frame.replace(energy=-20.0 + 0.01 * index) for index, frame in enumerate(frames)]
    frames[3] = frames[3].replace(energy=40.0)
    frames += [frames[5].replace(info=frames[5].info | {"traj": 9})]
    write_frames(folder / "frames.xyz", frames)
    config = folder / "small.yaml"
    config.write_text(config.read_text().replace("{valid: 2, test: 2}", "{valid: 0, test: 0}"))
    assert main(["train", str(config), "--dry-run"]) == 0
    printed = capsys.readouterr().out
    assert "train 3: energy beyond composition (eV/atom)" in printed
    assert main(["train", str(config), "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["duplicates"]["repeated"]["train"] == 1
    assert plan["duplicates"]["examples"] == [["train", 5, "train", 12]]
    assert plan["outliers"][0]["value"] == pytest.approx(20.0, abs=0.1)


def test_a_learning_rate_is_suggested_and_nothing_is_trained(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    learnable = [
        frame.replace(forces=4.0 * (frame.positions - frame.positions.mean(0)))
        for frame in read_frames(folder / "frames.xyz")
    ]
    write_frames(folder / "frames.xyz", learnable)
    assert main(["train", str(folder / "small.yaml"), "--find-lr"]) == 0
    assert "suggested learning rate:" in capsys.readouterr().out
    assert [path.name for path in (folder / "small").iterdir()] == ["learning_rate.html"]


def test_converted_files_train_as_the_files_they_were_made_from(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, config = folder / "frames.xyz", folder / "small.yaml"
    assert main(["convert", str(source), str(folder / "frames.lmdb")]) == 0
    assert "wrote 12 frames with 36 atoms" in capsys.readouterr().out
    assert main(["train", str(config), "--json"]) == 0
    expected = capsys.readouterr().out
    stored = folder / "stored.yaml"
    stored.write_text(config.read_text().replace("frames.xyz", "frames.lmdb"))
    assert main(["train", str(stored), "--json"]) == 0
    assert capsys.readouterr().out == expected
    assert main(["convert", str(source), str(folder / "frames.lmdb")]) == 2
    assert "already exists" in capsys.readouterr().err
    assert main(["convert", str(source)]) == 2
    assert "needs at least two files" in capsys.readouterr().err


def test_virials_are_the_stresses_of_ase_in_another_sign_and_unit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """EMT's stress, checked against its energy under strain, written once as each."""
    atoms = bulk("Cu", cubic=True)
    atoms.rattle(0.1, seed=1)
    atoms.calc = EMT()
    stress = atoms.get_stress(voigt=False)
    strained = [atoms.copy() for _ in range(2)]
    for sign, other in zip((1, -1), strained, strict=True):
        bend = np.eye(3)
        bend[0, 0] += sign * 1e-5
        other.set_cell(other.cell.array @ bend, scale_atoms=True)
        other.calc = EMT()
    rise = strained[0].get_potential_energy() - strained[1].get_potential_energy()
    assert stress[0, 0] == pytest.approx(rise / 2e-5 / atoms.get_volume(), rel=1e-5)
    frame = Frame.from_atoms(atoms).replace(forces=atoms.get_forces(), stress=stress)
    virial = (-atoms.get_volume() * stress).ravel().tolist()
    write_frames(tmp_path / "stress.xyz", [frame])
    write_frames(tmp_path / "virial.xyz", [frame.replace(stress=None, info={"Virial": virial})])
    arguments = [str(tmp_path / "virial.xyz"), str(tmp_path / "both.lmdb")]
    assert main(["convert", *arguments, "--virial-key", "Virial"]) == 0
    (found,) = read_frames(tmp_path / "both.lmdb")
    np.testing.assert_allclose(found.stress, read_frames(tmp_path / "stress.xyz")[0].stress)
    capsys.readouterr()
    arguments[1] = str(tmp_path / "other.lmdb")
    assert main(["convert", *arguments, "--virial-key", "V", "--stress-key", "s"]) == 2
    assert "--stress-key s and --virial-key V are both given" in capsys.readouterr().err


def test_a_fine_tuning_replays_what_came_before(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", str(folder / "small.yaml"), "--quiet"]) == 0
    more = folder / "more.yaml"
    more.write_text(
        (folder / "small.yaml").read_text().replace("{max_epochs: 3, ", "{freeze: [filters*], ")
        + "start_from: small/student.pt\nreplay: {data: [{path: frames.xyz}], frames: 4}\n"
    )
    capsys.readouterr()
    assert main(["train", str(more), "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["parts"]["replay"]["frames"] == 4
    assert plan["frozen"] == ["filters.0.weight", "filters.0.bias"]
    assert plan["steps"] == 40 * 12  # the default for so few frames, replayed ones included
