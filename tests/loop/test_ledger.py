"""The ledger is the source: a run stores frames once, and files of them are views."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import frames_digest, read_frames
from ipip.loop import open_pretraining_set, read_ledger
from ipip.pipeline.reporter import SilentReporter
from ipip.pipeline.stage import Round, StageRun
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.forget import FORGET
from ipip.stages.harvest import HARVEST
from ipip.stages.label import LABEL
from ipip.stages.relabel import RELABEL
from ipip.stages.teacher_md import TEACHER_MD


def stage_run(config: Path, folder: Path, own: Path) -> StageRun:
    """The work of a stage of round 1, in a separate folder."""
    run = RunFolder(folder)
    within = Round(load_settings(config, RunSettings), 1, (0,))
    own.mkdir()
    return StageRun(run, own, read_manifests(run), SilentReporter(), within)


def test_forgetting_reads_neither_frames_nor_labels(
    copied: tuple[Path, Path], tmp_path: Path
) -> None:
    config, folder = copied
    run = stage_run(config, folder, tmp_path / "again")
    for path in [*folder.rglob("*.lmdb"), *folder.rglob("*.npz"), *folder.rglob("*.xyz")]:
        path.unlink()
    FORGET.work(run)
    known = folder / FORGET.of(1) / "forgotten.json"
    assert json.loads((run.folder / known.name).read_text()) == json.loads(known.read_text())


def test_no_stage_writes_coordinates_that_another_has_written(
    finished_run: tuple[Path, Path],
) -> None:
    _, folder = finished_run
    stages = {path.parent for path in folder.glob("round_*/*/manifest.json")}
    made = {folder / TEACHER_MD.of(0), folder / HARVEST.of(1)}
    assert {stage for stage in stages if list(stage.rglob("*.lmdb"))} == made
    kept = {path.name for path in (folder / RELABEL.of(1)).iterdir()}
    assert kept == {"frames.csv", "student_labels.npz", "started.json", "manifest.json"}
    assert not (folder / LABEL.of(0) / "pretraining.xyz").exists()


def test_stores_hold_the_teachers_labels_and_sets_add_the_shift(
    finished_run: tuple[Path, Path],
) -> None:
    _, folder = finished_run
    shift = LABEL.read(read_manifests(RunFolder(folder)), 0).energy_shift.ev_per_atom
    stored = {}
    for path in [
        *sorted((folder / TEACHER_MD.of(0) / "runs").glob("*.lmdb")),
        folder / HARVEST.of(1) / "new.lmdb",
    ]:
        for frame in read_frames(path):
            origin = frame.info.get("origin", 0)
            stored[f"round_{origin:03d}/{frame.info['traj']}/{frame.info['md_step']}"] = frame
    frames = [*open_pretraining_set(folder, 0), *open_pretraining_set(folder, 1)]
    labelled = [frame for frame in frames if frame.info["label"] == "teacher"]
    assert {frame.info["origin"] for frame in labelled} == {0, 1}
    for frame in labelled:
        own = stored[frame.info["frame_id"]]
        added = sum(shift[symbol] for symbol in own.to_atoms().get_chemical_symbols())
        assert frame.energy == pytest.approx(own.energy + added, abs=1e-9)
        assert np.array_equal(frame.forces, own.forces) and np.abs(added) > 20


def test_the_frames_of_a_set_are_written_on_demand(
    finished_run: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = finished_run
    for name in ("p1.xyz", "p1.lmdb"):
        assert main(["ledger", str(folder), "--frames", str(tmp_path / name)]) == 0
        frames = read_frames(tmp_path / name)
        assert frames_digest(frames) == frames_digest(open_pretraining_set(folder, 1))
        assert [f.info for f in frames] == [f.info for f in open_pretraining_set(folder, 1)]
    assert f"wrote {len(frames)} of the {len(frames)} frames of round 1" in capsys.readouterr().out
    part = str(tmp_path / "part.xyz")
    chosen = ["--round", "1", "--label", "teacher", "--origin", "1"]
    capsys.readouterr()
    assert main(["ledger", str(folder), *chosen, "--frames", part, "--json"]) == 0
    rows = read_ledger(folder, lived_in=1, label="teacher", origin=1)
    assert [frame.info["frame_id"] for frame in read_frames(part)] == [r.frame_id for r in rows]
    printed = json.loads(capsys.readouterr().out)
    assert [row["frame_id"] for row in printed] == [r.frame_id for r in rows]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--round", "7", "--frames", "NEW.xyz"], "no pretraining set of round 7; expected one of"),
        (["--frames", "THERE.xyz"], "THERE.xyz: already exists"),
        (["--csv", "THERE.xyz"], "THERE.xyz: already exists"),
        (["--frames", "NEW.poscar"], "NEW.poscar: unknown file format"),
        (["--frames", "no/NEW.xyz"], "does not exist"),
        (["--csv", "no/NEW.csv"], "does not exist"),
        (["--frames", "NEW.xyz", "--label", "nobody"], "no frame of round 1 matches"),
    ],
)
def test_a_view_that_cannot_be_written_is_refused_in_one_sentence(
    finished_run: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("THERE.xyz").write_text("mine")
    assert main(["ledger", str(finished_run[1]), *options]) == 2
    err = capsys.readouterr().err
    assert reason in err and err.count("\n") == 1
    assert [path.name for path in tmp_path.iterdir()] == ["THERE.xyz"]
    assert Path("THERE.xyz").read_text() == "mine"


def test_the_ledger_is_written_on_demand(
    finished_run: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder = finished_run
    target = tmp_path / "ledger.csv"
    assert main(["ledger", str(folder), "--csv", str(target)]) == 0
    with target.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["frame_id"] for row in rows] == [row.frame_id for row in read_ledger(folder)]
    assert f"wrote {len(rows)} rows" in capsys.readouterr().out
    assert not (folder / "ledger.csv").exists()


@pytest.mark.parametrize(
    "name",
    ["round_000/10_explore/runs/alloy_00.lmdb", "round_001/20_relabel/student_labels.npz"],
)
def test_a_view_of_damaged_frames_is_not_written(
    copied: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    _, folder = copied
    data = bytearray((folder / name).read_bytes())
    data[len(data) // 2] ^= 1
    (folder / name).write_bytes(data)
    assert main(["ledger", str(folder), "--frames", str(tmp_path / "p.xyz")]) == 1
    err = capsys.readouterr().err
    assert "is missing or was changed after the stage was done" in err and err.count("\n") == 1
    assert not (tmp_path / "p.xyz").exists()


def test_a_set_with_missing_frames_is_not_trained_on(copied: tuple[Path, Path]) -> None:
    config, folder = copied
    shutil.rmtree(folder / HARVEST.of(1))
    assert main(["ledger", str(folder), "--frames", str(folder / "p.xyz")]) == 1
    assert main(["run", str(config), "--dir", str(folder)]) == 2
