"""Harvest from dumps with a real student and a teacher in its own process."""

import csv
import gzip
import json
from pathlib import Path

import numpy as np
import pytest
import zstandard

from ipip.cli.main import main
from ipip.config.harvest import HarvestSettings
from ipip.config.harvest_run import HarvestRunSettings
from ipip.data import read_frames, write_frames
from ipip.errors import InputError
from ipip.export import save_student
from ipip.harvest import RunSteps, left_out, propose
from ipip.harvest.from_dumps import harvest_dumps

TEACHER = {
    "kind": "ase",
    "import_path": "ase.calculators.lj:LennardJones",
    "arguments": {"sigma": 2.2, "epsilon": 0.1, "rc": 5.0, "smooth": True},
}


def positions(step: int, fails_at: int | None) -> np.ndarray:
    """Eight atoms on a grid of 3 Å that shake; at the failure two of them collide."""
    grid = np.array([[i, j, k] for i in range(2) for j in range(2) for k in range(2)]) * 3.0
    shaken = grid + np.random.default_rng(step).normal(scale=0.15, size=(8, 3))
    if fails_at is not None and step >= fails_at:
        shaken[1] = shaken[0] + [0.4, 0.0, 0.0]
    return shaken


def write_dump(path: Path, steps: range, fails_at: int | None = None, append: bool = False) -> None:
    with path.open("a" if append else "w") as stream:
        for step in steps:
            stream.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n8\n")
            stream.write("ITEM: BOX BOUNDS pp pp pp\n0 6\n0 6\n0 6\nITEM: ATOMS id type x y z\n")
            for k, (x, y, z) in enumerate(positions(step, fails_at)):
                stream.write(f"{k + 1} {1 + k % 2} {x:.6f} {y:.6f} {z:.6f}\n")


@pytest.fixture
def student(make_student, tmp_path) -> Path:
    path = tmp_path / "student.pt"
    save_student(make_student(), path)
    return path


def settings(**changes: object) -> HarvestRunSettings:
    harvest = {"frames": 4, "per_run": 8, "window": 120.0, "max_force": 1e4}
    plain = {"teacher": TEACHER, "harvest": harvest}
    return HarvestRunSettings.model_validate({**plain, **changes})


def rows(folder: Path) -> dict[tuple[str, int], dict[str, str]]:
    with (folder / "harvest.csv").open() as stream:
        return {(r["run"], int(r["step"])): r for r in csv.DictReader(stream)}


def test_frames_before_the_blow_up_come_first_and_every_frame_has_its_reason(student, tmp_path):
    write_dump(tmp_path / "bad.dump", range(0, 300, 10), fails_at=250)
    write_dump(tmp_path / "good.dump", range(0, 300, 10))
    dumps = [tmp_path / "bad.dump", tmp_path / "good.dump"]
    out = tmp_path / "out"
    report = harvest_dumps(dumps, student, settings(), out, ["S", "O"])
    bad, good = report.runs
    assert (bad.state, bad.end_step, good.state) == ("unstable", 250, "stable")
    assert "distance 0.4" in report.problems["bad.dump"]
    assert len(report.new) == 4 and report.labelled == 16
    table = rows(out)
    assert len(table) == 60
    assert all(row["taken"] == "True" or row["reason"] for row in table.values())
    assert table["bad.dump", 250]["reason"] == "the run failed at step 250"
    assert "outside of the window of 120 fs" in table["bad.dump", 100]["reason"]
    assert table["good.dump", 0]["reason"] == "start of a run"
    assert table["good.dump", 10]["reason"] == "8 frames of its run are enough" or float(
        table["good.dump", 10]["force_difference"]
    )
    candidates = [k for k, row in table.items() if row["force_difference"]]
    assert {s for n, s in candidates if n == "bad.dump"} <= set(range(130, 250, 10))
    frames = read_frames(out / "frames.xyz")
    assert {(f.info["traj"], f.info["md_step"]) for f in frames} == {
        k for k, row in table.items() if row["taken"] == "True"
    }


def test_the_student_s_own_forces_are_compared_with_the_teacher_s(student, tmp_path):
    from ase.calculators.lj import LennardJones

    from ipip.calculator import IpipCalculator

    write_dump(tmp_path / "a.dump", range(0, 60, 10))
    harvest_dumps([tmp_path / "a.dump"], student, settings(), tmp_path / "out", ["S", "O"])
    frame = read_frames(tmp_path / "out" / "frames.xyz")[0]
    atoms = frame.to_atoms()
    atoms.calc = LennardJones(**TEACHER["arguments"])
    np.testing.assert_allclose(frame.forces, atoms.get_forces(), atol=1e-8)
    teacher = atoms.get_forces()
    atoms.calc = IpipCalculator(student)
    difference = np.sqrt(((atoms.get_forces() - teacher) ** 2).sum(axis=1).mean())
    row = rows(tmp_path / "out")["a.dump", frame.info["md_step"]]
    assert float(row["force_difference"]) == pytest.approx(difference, rel=1e-4)


def test_a_growing_dump_is_gone_on_with_and_nothing_is_taken_twice(student, tmp_path):
    dump, out = tmp_path / "a.dump", tmp_path / "out"
    write_dump(dump, range(0, 100, 10))
    first = harvest_dumps([dump], student, settings(), out, ["S", "O"])
    place = json.loads((out / "scan.json").read_text())["scans"][str(dump)]["end"]
    assert place == {"file": "a.dump", "offset": dump.stat().st_size}
    write_dump(dump, range(100, 200, 10), fails_at=180, append=True)
    second = harvest_dumps([dump], student, settings(), out, ["S", "O"])
    assert (first.runs[0].state, second.runs[0].state) == ("stable", "unstable")
    assert second.runs[0].end_step == 180 and second.frames == 8
    frames = read_frames(out / "frames.xyz")
    assert len({f.info["md_step"] for f in frames}) == len(frames) == 8
    reasons = [row["reason"] for row in rows(out).values()]
    assert reasons.count("taken by an earlier harvest") == 4 and len(reasons) == 20
    third = harvest_dumps([dump], student, settings(known=[out / "frames.xyz"]), out, ["S", "O"])
    steps = [f.info["md_step"] for f in read_frames(out / "frames.xyz")]
    assert len(steps) == len(set(steps)) == 8 + len(third.new)


@pytest.mark.parametrize("suffix", [".gz", ".zst"])
def test_compressed_dumps_give_the_same_frames(student, tmp_path, suffix):
    dump = tmp_path / "a.dump"
    write_dump(dump, range(0, 100, 10), fails_at=80)
    harvest_dumps([dump], student, settings(), tmp_path / "plain", ["S", "O"])
    packed = tmp_path / f"a.dump{suffix}"
    compress = gzip.compress if suffix == ".gz" else zstandard.compress
    packed.write_bytes(compress(dump.read_bytes()))
    harvest_dumps([packed], student, settings(), tmp_path / "packed", ["S", "O"])
    plain, other = (read_frames(tmp_path / f / "frames.xyz") for f in ("plain", "packed"))
    assert [f.info["md_step"] for f in plain] == [f.info["md_step"] for f in other]
    for a, b in zip(plain, other, strict=True):
        np.testing.assert_array_equal(a.positions, b.positions)


def test_known_frames_are_not_taken_again(student, tmp_path):
    dump = tmp_path / "a.dump"
    write_dump(dump, range(0, 60, 10))
    harvest_dumps([dump], student, settings(), tmp_path / "one", ["S", "O"])
    known = read_frames(tmp_path / "one" / "frames.xyz")
    shuffled = [f.replace(info={"traj": "other", "md_step": -1}) for f in known]
    write_frames(tmp_path / "known.xyz", shuffled)
    harvest_dumps(
        [dump], student, settings(known=[tmp_path / "known.xyz"]), tmp_path / "two", ["S", "O"]
    )
    table = rows(tmp_path / "two")
    for frame in known:
        assert "duplicate" in table["a.dump", frame.info["md_step"]]["reason"]


def test_without_a_teacher_frames_are_diverse_and_have_no_labels(student, tmp_path, capsys):
    write_dump(tmp_path / "a.dump", range(0, 100, 10), fails_at=90)
    command = ["harvest", str(tmp_path / "a.dump"), "--student", str(student), "--symbols", "S,O"]
    assert main([*command, "--frames", "3", "--dir", str(tmp_path / "out"), "--quiet"]) == 0
    said = capsys.readouterr().out
    assert "new frames: 3; runs: 1 (1 unstable" in said and "failed at step 90" in said
    assert "no teacher (--config)" in said
    frames = read_frames(tmp_path / "out" / "frames.xyz", require=())
    assert len(frames) == 3 and all(f.energy is None and f.forces is None for f in frames)


def test_the_command_line_names_what_is_wrong(student, tmp_path, capsys):
    write_dump(tmp_path / "a.dump", range(0, 30, 10))
    dump, model = str(tmp_path / "a.dump"), str(student)
    end = ["--dir", str(tmp_path / "out")]
    for wrong, said in (
        ([dump, "--student", model], "the elements are not known"),
        ([f"{dump}x", "--student", model], "does not exist"),
        ([dump, dump, "--student", model, "--symbols", "S,O"], "is given twice"),
        ([dump, "--student", model, "--symbols", "S,W"], "the dumps hold W, but student"),
        ([dump, "--student", model, "--timestep", "0"], "timestep: 0.0: Input should be greater"),
        ([dump, "--student", f"{model}x", "--symbols", "S,O"], "student.ptx"),
    ):
        assert main(["harvest", *wrong, *end]) == 2
        assert said in capsys.readouterr().err


def test_a_run_folder_that_has_not_ended_is_refused(student, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    run = {"symbols": ["S"], "timestep": 1.0, "rotation": np.eye(3).tolist()}
    run |= {"cell": np.eye(3).tolist(), "pbc": [True] * 3}
    (folder / "run.json").write_text(json.dumps(run))
    with pytest.raises(InputError, match="the run has not ended"):
        harvest_dumps([folder], student, settings(), tmp_path / "out")


def test_reasons_of_frames_that_are_no_candidates():
    chosen = HarvestSettings(window=100, margin=20, stride=2, per_run=3, candidates=4)
    runs = [
        RunSteps("u", "unstable", 200, np.arange(0, 210, 10), 1.0),
        RunSteps("s", "stable", 100, np.arange(0, 110, 10), 1.0),
        RunSteps("f", "failed", None, np.arange(0, 30, 10), 1.0),
    ]
    candidates = propose(runs, chosen)
    left = {(d.run, d.step): d.reason for d in left_out(runs, chosen, candidates)}
    assert len(left) + len(candidates) == 21 + 11 + 3
    assert left["u", 200] == "the run failed at step 200"
    assert left["u", 190] == "10 fs before the failure, within the margin of 20 fs"
    assert left["u", 90] == "110 fs before the failure, outside of the window of 100 fs"
    assert "every 2. one" in left["u", 170]
    assert left["s", 0] == "start of a run" and "are enough" in left["s", 30]
    assert "beyond the 4 candidates" in left["s", 10]
    assert "says nothing about the student" in left["f", 0]


def test_a_dump_that_was_replaced_or_a_damaged_scan_is_read_again(student, tmp_path):
    dump, out = tmp_path / "a.dump", tmp_path / "out"
    write_dump(dump, range(0, 100, 10))
    first = harvest_dumps([dump], student, settings(), out, ["S", "O"])
    assert first.runs[0].state == "stable"
    size = dump.stat().st_size
    write_dump(dump, range(0, 100, 10), fails_at=50)
    assert dump.stat().st_size == size  # another run of the same size
    assert harvest_dumps([dump], student, settings(), out, ["S", "O"]).runs[0].end_step == 50
    scan = out / "scan.json"
    scan.write_text(scan.read_text().replace('"failed_at": 50', '"failed_at": 90'))
    assert harvest_dumps([dump], student, settings(), out, ["S", "O"]).runs[0].end_step == 50
