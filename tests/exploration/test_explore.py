"""Frames before labels: the teacher's MD, the choice, and how both continue."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from tests.loop.conftest import plain_settings, reference_frames

from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings, UnlabelledSettings
from ipip.data import file_digest, read_frames, split_frames, write_frames
from ipip.errors import InputError, IpipError
from ipip.exploration.diversity import choose_different, describe_frames, pool, thin
from ipip.exploration.explore import explore
from ipip.pipeline.reporter import SilentReporter
from ipip.stages.work.starts import exploration_starts, frame_starts
from ipip.storage.json_file import write_sealed
from ipip.storage.sealed import read_sealed


def write_config(folder: Path, **changes: Any) -> Path:
    """Write settings without labels: a CuAu cell and EMT."""
    start = reference_frames(1, seed=1)[0].replace(energy=None, forces=None)
    write_frames(folder / "start.xyz", [start])
    values = plain_settings(folder) | changes
    del values["reference"]
    path = folder / "config.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def load(path: Path) -> UnlabelledSettings:
    return load_settings(path, UnlabelledSettings)


@pytest.fixture(scope="module")
def explored(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Settings, and the frames that `ipip explore` made by them."""
    folder = tmp_path_factory.mktemp("explored")
    config = write_config(
        folder, systems=[{"name": "alloy", "file": "start.xyz", "runs": 4, "temperature": 500.0}]
    )
    out = folder / "frames.xyz"
    assert main(["explore", str(config), "--out", str(out), "--frames", "12"]) == 0
    return config, out


def test_frames_have_provenance_and_no_labels(explored):
    _, out = explored
    frames = read_frames(out, require=())
    assert len(frames) == 12
    assert all(f.energy is None and f.forces is None and f.stress is None for f in frames)
    for frame in frames:
        info = frame.info
        assert info["traj"] in {f"labels-alloy_{index:02d}" for index in range(4)}
        assert info["md_step"] in range(4, 21, 4) and info["time_fs"] == info["md_step"]
        assert info["target_temperature_k"] == 500.0 and info["temperature_k"] > 0
        assert info["config_type"] == "alloy"
    assert len({(f.info["traj"], f.info["md_step"]) for f in frames}) == 12
    split = split_frames(frames, valid=3, test=3, seed=1, group_key="traj")
    parts = [{f.info["traj"] for f in split.take(frames, p)} for p in ("train", "valid", "test")]
    assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


def test_each_frame_is_one_of_the_teachers_md(explored):
    _, out = explored
    for frame in read_frames(out, require=()):
        run = read_frames(f"{out}.explore/runs/{frame.info['traj']}.lmdb")
        (same,) = [own for own in run if own.info["md_step"] == frame.info["md_step"]]
        assert np.array_equal(same.positions, frame.positions)


def test_no_frame_is_from_a_start_that_the_loop_explores(explored):
    settings = load(explored[0]).model_copy(update={"seed": 5})
    packed = settings.systems[0].model_copy(
        update={"file": None, "species": {"Cu": 3, "Au": 2}, "box": 9.0}
    )
    settings = settings.model_copy(update={"systems": [packed]})
    loops = [start.frame.positions for start in exploration_starts(settings, 300.0)]
    for start in frame_starts(settings):
        assert start.name.startswith("labels-")
        assert not any(np.allclose(start.frame.positions, other) for other in loops)


def test_the_same_command_is_done_at_once_and_more_frames_come_from_the_same_md(explored, capsys):
    config, out = explored
    before = out.read_bytes()
    runs = Path(f"{out}.explore/runs")
    times = {path: path.stat().st_mtime_ns for path in runs.iterdir()}
    command = ["explore", str(config), "--out", str(out), "--frames"]
    assert main([*command, "12"]) == 0
    assert "12 of 20 frames selected, from 4 of 4 trajectories at 500 K" in capsys.readouterr().out
    assert out.read_bytes() == before
    assert main([*command, "15", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["chosen"] == 15
    first = read_frames(out, require=())[:12]
    assert main([*command, "12"]) == 0
    again = read_frames(out, require=())
    assert [f.info["md_step"] for f in first] == [f.info["md_step"] for f in again]
    assert out.read_bytes() == before
    assert {path: path.stat().st_mtime_ns for path in runs.iterdir()} == times


def test_md_that_an_earlier_version_kept_as_text_is_not_run_again(explored, tmp_path):
    config, out = explored
    explore(load(config), out, frames=12)
    copy = tmp_path / out.name
    shutil.copyfile(out, copy)
    shutil.copytree(f"{out}.explore", f"{copy}.explore")
    for path in Path(f"{copy}.explore/runs").glob("*.lmdb"):
        text, record = path.with_suffix(".xyz"), path.with_suffix(".json")
        write_frames(text, read_frames(path))
        path.unlink()
        write_sealed(record, read_sealed(record) | {"frames_digest": file_digest(text)})
    runs = {path: path.stat().st_mtime_ns for path in Path(f"{copy}.explore/runs").iterdir()}
    (Path(f"{copy}.explore") / "features.npz").unlink()
    copy.unlink()
    explore(load(config), copy, frames=12)
    assert copy.read_bytes() == out.read_bytes()
    now = {path: path.stat().st_mtime_ns for path in Path(f"{copy}.explore/runs").iterdir()}
    assert now == runs


def test_features_of_another_cutoff_are_not_used(explored):
    config, out = explored
    features = Path(f"{out}.explore/features.npz")
    settings = load(config)
    explore(settings, out, frames=12)
    before, frames = features.read_bytes(), out.read_bytes()
    student = settings.student.model_copy(update={"cutoff": settings.student.cutoff - 1.5})
    explore(settings.model_copy(update={"student": student}), out, frames=12)
    with np.load(features) as stored:
        other = stored["features"]
    explore(settings, out, frames=12)
    with np.load(features) as stored:
        assert not np.allclose(stored["features"], other)
    assert features.read_bytes() == before and out.read_bytes() == frames


def test_a_run_that_was_not_finished_is_done_again_and_gives_the_same(explored, tmp_path):
    _, out = explored
    own = write_config(
        tmp_path, systems=[{"name": "alloy", "file": "start.xyz", "runs": 4, "temperature": 500.0}]
    )
    other = tmp_path / "frames.xyz"
    explore(load(own), other, frames=12)
    assert read_frames(other, require=())[0].info == read_frames(out, require=())[0].info
    whole = other.read_bytes()
    folder = Path(f"{other}.explore")
    (folder / "runs" / "labels-alloy_02.json").unlink()
    (folder / "features.npz").write_bytes(b"PK\3\4 damaged")
    other.unlink()
    explore(load(own), other, frames=12)
    assert other.read_bytes() == whole


def test_md_of_other_settings_is_not_mixed_in(explored, tmp_path, capsys):
    config, out = explored
    before = out.read_bytes()
    changed = yaml.safe_load(config.read_text())
    changed["teacher_md"]["timestep"] = 2.0
    other = config.with_name("other.yaml")
    other.write_text(yaml.safe_dump(changed))
    assert main(["explore", str(other), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert "holds MD of other settings (teacher_md.timestep: 1.0 -> 2.0)" in error
    assert out.read_bytes() == before


def test_a_file_that_is_something_else_is_kept(tmp_path, capsys):
    config = write_config(tmp_path)
    out = tmp_path / "labels.xyz"
    out.write_text("precious")
    assert main(["explore", str(config), "--out", str(out)]) == 2
    assert "already exists, and no exploration wrote it" in capsys.readouterr().err
    assert out.read_text() == "precious" and not Path(f"{out}.explore").exists()


@pytest.mark.parametrize(
    ("changes", "out", "said"),
    [
        ({"elements": ["Cu"]}, "a.xyz", "Au"),
        ({"teacher_md": {"steps": 3, "frame_interval": 4}}, "a.xyz", "no frame would be kept"),
        ({}, "a.cif", "expected a file that ends in .xyz"),
        ({}, "none/a.xyz", "does not exist"),
    ],
)
def test_wrong_input_is_reported_before_any_md(tmp_path, capsys, changes, out, said):
    config = write_config(tmp_path, **changes)
    assert main(["explore", str(config), "--out", str(tmp_path / out)]) == 2
    assert said in capsys.readouterr().err
    assert {path.name for path in tmp_path.iterdir()} == {"config.yaml", "start.xyz"}


def test_failed_runs_are_left_out_and_reported(tmp_path, capsys):
    hot = {"name": "hot", "file": "start.xyz", "runs": 1, "temperature": 9000.0}
    cold = {"name": "cold", "file": "start.xyz", "runs": 1, "temperature": 100.0}
    md = {"steps": 20, "frame_interval": 4, "thermostat": "langevin", "max_force": 5.0}
    config = write_config(tmp_path, systems=[hot, cold], teacher_md=md)
    assert main(["explore", str(config), "--out", str(tmp_path / "a.xyz")]) == 0
    captured = capsys.readouterr()
    assert "run labels-hot_00 failed and is excluded: largest force" in captured.err
    assert "from 1 of 1 trajectories at 100 K" in captured.out
    frames = read_frames(tmp_path / "a.xyz", require=())
    assert {frame.info["config_type"] for frame in frames} == {"cold"}


def test_run_without_labels_says_what_to_do(explored, tmp_path, capsys):
    config, _ = explored
    assert main(["run", str(config), "--dir", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert "reference: is missing" in error
    assert "`ipip explore CONFIG --out frames.xyz` makes frames" in error
    assert main(["validate", "--without-teacher", str(config)]) == 0
    assert "`ipip explore` can start: 4 runs of 20 teacher MD" in capsys.readouterr().out
    empty = config.with_name("null.yaml")
    empty.write_text(f"{config.read_text()}\nreference: null\n")
    with pytest.raises(InputError, match="reference: is missing"):
        load_settings(empty, RunSettings)


def test_explored_frames_are_labelled_and_train_a_student(explored, tmp_path, capsys):
    """The whole way from nothing, at its smallest."""
    config, out = explored
    level = tmp_path / "level.yaml"
    level.write_text("kind: ase\nimport_path: ase.calculators.emt:EMT\n")
    labels = config.with_name("labels.xyz")
    assert main(["label", str(level), str(out), "--out", str(labels)]) == 0
    settings = yaml.safe_load(config.read_text())
    settings["reference"] = {
        "data": [{"path": "labels.xyz", "keys": {"group": "traj"}}],
        "split": {"valid": 3, "test": 3},
    }
    settings |= {"rounds": 0, "stability": {"runs": 0}}
    whole = config.with_name("whole.yaml")
    whole.write_text(yaml.safe_dump(settings))
    assert main(["run", str(whole), "--dir", str(tmp_path / "run")]) == 0
    summary = json.loads((tmp_path / "run" / "summary.json").read_text())
    assert summary["teacher"]["test"]["force_mae_ev_per_a"] < 1e-6  # teacher and reference agree
    assert (tmp_path / "run" / "best" / "student.pt").is_file()


def test_different_frames_are_chosen_before_like_ones():
    rng = np.random.default_rng(3)
    centres = 10.0 * rng.normal(size=(5, 8))
    features = np.concatenate([c + 0.01 * rng.normal(size=(20, 8)) for c in centres])
    order, distances = choose_different(features, 5, 1e-3)
    assert {index // 20 for index in order} == set(range(5))
    assert distances[0] == np.inf and all(np.diff(distances[1:]) <= 0)
    assert choose_different(features, 9, 1e-3)[0][:5] == order
    same = np.repeat(features[:2], 10, axis=0)
    assert len(choose_different(same, 10, 1e-3)[0]) == 2


def test_an_untrained_student_distinguishes_geometries_and_elements(tmp_path, explored):
    settings = load(explored[0])
    frames = reference_frames(6, seed=4)
    turned = frames[0].replace(
        positions=frames[0].positions @ np.roll(np.eye(3), 1, axis=0).T,
        cell=frames[0].cell @ np.roll(np.eye(3), 1, axis=0).T,
    )
    features, whose = describe_frames([*frames, turned], settings, tmp_path, SilentReporter())
    assert whose == "a student with random weights"
    gaps = np.linalg.norm(features[:, None] - features[None], axis=2)
    assert gaps[0, 6] < 1e-4 * gaps[0, 1:6].min()  # a turned frame is no other frame


def test_pooling_shows_one_unusual_atom_and_keeps_elements_separate():
    features = np.array([[1.0, 0.0], [1.0, 0.0], [5.0, 0.0], [2.0, 2.0]])
    numbers = np.array([8, 8, 8, 1])
    row = pool(features, numbers, [1, 8, 6])
    assert row[:6].tolist() == [2.0, 2.0] * 3
    assert row[6:12].tolist() == pytest.approx([7 / 3, 0.0, 1.0, 0.0, 5.0, 0.0])
    assert row[12:].tolist() == [0.0] * 6


@pytest.mark.parametrize(
    ("groups", "limit", "kept"),
    [([3, 2], 5, [0, 1, 2, 3, 4]), ([4, 4], 4, [0, 3, 4, 7]), ([5, 1], 1, [0, 5])],
)
def test_many_candidates_are_thinned_evenly(groups, limit, kept):
    assert thin(groups, limit) == kept


def test_too_little_disk_for_the_stores_of_frames_is_reported_first(tmp_path, monkeypatch):
    settings = load(write_config(tmp_path))
    md = settings.teacher_md.model_copy(update={"steps": 10_000_000, "frame_interval": 10})
    settings = settings.model_copy(update={"teacher_md": md})
    (start, *_) = starts = frame_starts(settings)
    needed = len(starts) * 1_000_000 * (56 * len(start.frame) + 3000)  # not 120 an atom, as text
    monkeypatch.setattr("ipip.storage.disk_space.free_bytes", lambda path: needed)
    with pytest.raises(IpipError, match=r"disk space are free, the exploration may need"):
        explore(settings, tmp_path / "frames.xyz", frames=3)
    assert not list(tmp_path.glob("frames.xyz.explore/runs/*"))
