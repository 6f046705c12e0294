"""Harvest from dumps with a real student and a teacher in its own process."""

import csv
import gzip
import json
import logging
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
from ipip.harvest import RunSteps, propose, rejected
from ipip.harvest.from_dumps import harvest_dumps

TEACHER = {
    "kind": "ase",
    "import_path": "ase.calculators.lj:LennardJones",
    "arguments": {"sigma": 2.2, "epsilon": 0.1, "rc": 5.0, "smooth": True},
}


def positions(step: int, fails_at: int | None, run: int = 0) -> np.ndarray:
    """Eight atoms on a grid of 3 Å that shake; at the failure two of them collide."""
    grid = np.array([[i, j, k] for i in range(2) for j in range(2) for k in range(2)]) * 3.0
    shaken = grid + np.random.default_rng(step + 10**6 * run).normal(scale=0.15, size=(8, 3))
    if fails_at is not None and step >= fails_at:
        shaken[1] = shaken[0] + [0.4, 0.0, 0.0]
    return shaken


def write_dump(
    path: Path,
    steps: range,
    fails_at: int | None = None,
    append: bool = False,
    run: int = 0,
    head: str = "",
) -> None:
    with path.open("a" if append else "w") as stream:
        stream.write(head)
        for step in steps:
            stream.write(f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n8\n")
            stream.write("ITEM: BOX BOUNDS pp pp pp\n0 6\n0 6\n0 6\nITEM: ATOMS id type x y z\n")
            for k, (x, y, z) in enumerate(positions(step, fails_at, run)):
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
    assert "outside the window of 120 fs" in table["bad.dump", 100]["reason"]
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


def test_a_growing_dump_is_continued_and_nothing_is_selected_twice(student, tmp_path):
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
    assert reasons.count("selected by an earlier harvest") == 4 and len(reasons) == 20
    third = harvest_dumps([dump], student, settings(known=[out / "frames.xyz"]), out, ["S", "O"])
    steps = [f.info["md_step"] for f in read_frames(out / "frames.xyz")]
    assert len(steps) == len(set(steps)) == 8 + len(third.new)


def test_changed_or_lost_frames_are_not_continued(student, tmp_path):
    dump, out = tmp_path / "a.dump", tmp_path / "out"
    write_dump(dump, range(0, 60, 10))
    without_teacher = settings(teacher=None)

    def go_on() -> int:
        return harvest_dumps([dump], student, without_teacher, out, ["S", "O"]).frames

    go_on()
    count = go_on()
    assert go_on() == count == 5
    path = out / "frames.xyz"
    whole, last = path.read_bytes(), len(read_frames(path, require=())[-1]) + 2
    changed = bytearray(whole)
    changed[whole.rindex(b".") + 2] ^= 1
    lines = whole.splitlines(keepends=True)
    for damaged in (bytes(changed), b"".join(lines[:-last]), b"", None):
        path.unlink() if damaged is None else path.write_bytes(damaged)
        with pytest.raises(
            InputError, match=r"frames\.xyz: differs from what the last harvest wrote"
        ):
            go_on()
        assert (path.read_bytes() if path.exists() else None) == damaged
    path.write_bytes(b"".join(lines[:-last]))
    (out / "frames.json").unlink()  # the user confirms the change
    assert go_on() == count and (out / "frames.json").exists()
    (out / "frames.json").write_text("{}")
    with pytest.raises(InputError, match=r"frames\.json is damaged"):
        go_on()


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_runs_of_one_dump_are_harvested_each_for_itself(student, tmp_path, suffix, caplog):
    dump, out = tmp_path / f"r.dump{suffix}", tmp_path / "out"
    plain = tmp_path / "plain.dump"
    write_dump(plain, range(0, 110, 10), fails_at=50)
    write_dump(plain, range(0, 110, 10), run=1, append=True)
    dump.write_bytes(gzip.compress(plain.read_bytes()) if suffix else plain.read_bytes())
    with caplog.at_level(logging.WARNING):
        report = harvest_dumps([dump], student, settings(units="metal"), out, ["S", "O"])
    assert "run 1: steps 0 to 100, 11 frames; run 2: steps 0 to 100, 11 frames" in caplog.text
    first, second = report.runs
    assert (first.name, first.state, first.end_step) == (dump.name, "unstable", 50)
    assert (second.name, second.state, second.end_step) == (f"{dump.name}#2", "stable", 100)
    table = rows(out)
    assert len(table) == len(report.decisions) == 22
    assert {k for k, row in table.items() if row["force_difference"] and k[0] == first.name} == {
        (first.name, step) for step in (10, 20, 30, 40)
    }
    assert table[first.name, 60]["reason"] == "the run failed at step 50"
    frames = read_frames(out / "frames.xyz")
    assert {f.info["traj"] for f in frames} <= {first.name, second.name}
    for frame in frames:
        run = int(frame.info["traj"] == second.name)
        np.testing.assert_allclose(
            frame.positions, positions(frame.info["md_step"], None, run), atol=1e-6
        )
    again = harvest_dumps([dump], student, settings(units="metal"), out, ["S", "O"])
    assert again.frames == len(frames) + len(again.new)
    keys = [(f.info["traj"], f.info["md_step"]) for f in read_frames(out / "frames.xyz")]
    assert len(keys) == len(set(keys))


def test_a_run_that_resumed_from_a_restart_file_is_one_run(student, tmp_path, caplog):
    dump = tmp_path / "r.dump"
    write_dump(dump, range(0, 110, 10))
    write_dump(dump, range(80, 200, 10), fails_at=150, append=True)
    with caplog.at_level(logging.WARNING):
        report = harvest_dumps(
            [dump], student, settings(units="metal"), tmp_path / "out", ["S", "O"]
        )
    (run,) = report.runs
    assert (run.state, run.end_step, run.steps.tolist()) == ("unstable", 150, [*range(0, 200, 10)])
    assert "3 frames repeat earlier ones" in caplog.text


def test_dumps_scanned_by_an_earlier_version_are_scanned_again(student, tmp_path):
    dump, out = tmp_path / "a.dump", tmp_path / "out"
    write_dump(dump, range(0, 60, 10))
    harvest_dumps([dump], student, settings(), out, ["S", "O"])
    scan = json.loads((out / "scan.json").read_text())
    old = {"name": "a.dump", "steps": [0], "offsets": [0], "files": [["a.dump", 0]], "n_atoms": 8}
    old |= {"end": scan["scans"][str(dump)]["end"], "failed_at": 0, "problem": "old"}
    for form in ({}, {"format": 1}, {"format": 2}):
        plain = {"bounds": scan["bounds"], "scans": {str(dump): old}, **form}
        (out / "scan.json").write_text(json.dumps(plain))
        (run,) = harvest_dumps([dump], student, settings(), out, ["S", "O"]).runs
        assert run.state == "stable" and run.steps.tolist() == [*range(0, 60, 10)]


@pytest.mark.parametrize("how", ["stated", "given"])
def test_real_units_give_the_same_harvest_as_metal_ones(student, tmp_path, how):
    """Forces, and times where the dump states them; kcal/mol/Å and fs against eV/Å and ps."""
    kcal, found = 0.0433641, {}
    for units, scale, ps in (("metal", 1.0, 1e-3), ("real", 1 / kcal, 1.0)):
        dump = tmp_path / f"{units}.dump"
        text = f"ITEM: UNITS\n{units}\n" if how == "stated" else ""
        for step in range(0, 300, 10):
            force = 5.0 if step < 200 else 120.0  # eV/Å; 5 eV/Å are 115 kcal/mol/Å
            rows = "".join(
                f"{k + 1} {1 + k % 2} {x:.6f} {y:.6f} {z:.6f} {force * scale:.6f} 0 0\n"
                for k, (x, y, z) in enumerate(positions(step, None))
            )
            text += f"ITEM: TIME\n{0.5 * step * ps:.10g}\nITEM: TIMESTEP\n{step}\n"
            text += "ITEM: NUMBER OF ATOMS\n8\nITEM: BOX BOUNDS pp pp pp\n0 6\n0 6\n0 6\n"
            text += f"ITEM: ATOMS id type x y z fx fy fz\n{rows}"
        dump.write_text(text)
        chosen = settings(units=units if how == "given" else None)
        out = tmp_path / f"out-{units}"
        report = harvest_dumps([dump], student, chosen, out, ["S", "O"])
        (run,) = report.runs
        assert (run.state, run.end_step) == ("unstable", 200)
        assert report.problems[dump.name] == "force 120 eV/Å is above 100 eV/Å"
        assert run.timestep == pytest.approx(0.5)  # fs
        found[units] = [f.info["md_step"] for f in report.new]
    assert found["real"] == found["metal"] and len(found["real"]) == 4
    with pytest.raises(InputError, match=r"has a time step of 0\.5 fs, but 1 fs was given"):
        harvest_dumps([dump], student, settings(timestep=1.0, units="real"), out, ["S", "O"])


def test_unstated_units_are_reported_once_for_all_dumps(student, tmp_path, caplog):
    dumps = [tmp_path / f"{k}.dump" for k in range(3)]
    for k, dump in enumerate(dumps):
        write_dump(dump, range(0, 30, 10), run=k)
    with caplog.at_level(logging.WARNING):
        harvest_dumps(dumps, student, settings(), tmp_path / "out", ["S", "O"])
    (said,) = [record.getMessage() for record in caplog.records]
    assert said.startswith(f"{dumps[0]} and 2 more do not say the units: read as LAMMPS' metal")
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        harvest_dumps(dumps, student, settings(units="metal"), tmp_path / "out", ["S", "O"])
    assert not caplog.records
    write_dump(dumps[0], range(0, 30, 10), head="ITEM: UNITS\nreal\n")
    with pytest.raises(InputError, match="states LAMMPS' units real, but"):
        harvest_dumps(dumps, student, settings(units="metal"), tmp_path / "out", ["S", "O"])


def test_frames_of_a_dump_that_gains_atoms_are_harvested(student, tmp_path):
    dump, text = tmp_path / "a.dump", ""
    for step in range(0, 100, 10):
        atoms = [*positions(step, None), [1.5, 1.5, 1.5], [4.5, 4.5, 1.5]][: 8 + step // 40]
        rows = "".join(f"{k + 1} {1 + k % 2} {x} {y} {z}\n" for k, (x, y, z) in enumerate(atoms))
        text += f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n{len(atoms)}\n"
        text += f"ITEM: BOX BOUNDS pp pp pp\n0 6\n0 6\n0 6\nITEM: ATOMS id type x y z\n{rows}"
    dump.write_text(text)
    report = harvest_dumps([dump], student, settings(units="metal"), tmp_path / "out", ["S", "O"])
    assert (report.runs[0].state, report.problems) == ("stable", {})
    frames = read_frames(tmp_path / "out" / "frames.xyz")
    assert len(frames) == 4
    assert [len(f) for f in frames] == [8 + f.info["md_step"] // 40 for f in frames]
    assert len({len(f) for f in frames}) > 1


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


def test_known_frames_are_not_selected_again(student, tmp_path):
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


def test_frames_of_dumps_have_the_state_in_the_settings(student, tmp_path):
    write_dump(tmp_path / "a.dump", range(0, 60, 10))
    own = settings(state={"charge": -1, "multiplicity": 2})
    harvest_dumps([tmp_path / "a.dump"], student, own, tmp_path / "out", ["S", "O"])
    frames = read_frames(tmp_path / "out" / "frames.xyz")
    assert frames and all(f.state == {"charge": -1, "multiplicity": 2} for f in frames)
    with pytest.raises(ValueError, match="state has colour; expected charge"):
        settings(state={"colour": 1})


def test_the_command_line_names_what_is_wrong(student, tmp_path, capsys):
    write_dump(tmp_path / "a.dump", range(0, 30, 10))
    dump, model = str(tmp_path / "a.dump"), str(student)
    end = ["--dir", str(tmp_path / "out")]
    for wrong, said in (
        ([dump, "--student", model], "the elements are unknown"),
        ([f"{dump}x", "--student", model], "does not exist"),
        ([dump, dump, "--student", model, "--symbols", "S,O"], "is given twice"),
        ([dump, f"{tmp_path}/*.dump", "--student", model, "--symbols", "S,O"], "is given twice"),
        ([dump, "--student", model, "--symbols", "S,O", "--units", "lj"], "units: 'lj': Input"),
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
    left = {(d.run, d.step): d.reason for d in rejected(runs, chosen, candidates)}
    assert len(left) + len(candidates) == 21 + 11 + 3
    assert left["u", 200] == "the run failed at step 200"
    assert left["u", 190] == "10 fs before the failure, within the margin of 20 fs"
    assert left["u", 90] == "110 fs before the failure, outside the window of 100 fs"
    assert "every 2. one" in left["u", 170]
    assert left["s", 0] == "start of a run" and "are enough" in left["s", 30]
    assert "beyond the 4 candidates" in left["s", 10]
    assert "broke for other reasons than the student" in left["f", 0]


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
