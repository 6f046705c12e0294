"""The protocol with real students in LAMMPS."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch
from tests.export.test_hostile_files import Overwriting, with_program

from ipip.cli.main import main
from ipip.data import write_frames
from ipip.errors import InputError
from ipip.export import read_metadata, save_student
from ipip.lammps import run_student_md
from ipip.lammps.deck import template_text
from ipip.models import build_student
from ipip.stability import run_stability
from ipip.stability.jobs import derived_seed, model_names
from ipip.systems import build


def test_two_students_are_distinguished_and_nothing_is_run_twice(students, make_protocol, tmp_path):
    folder = tmp_path / "out"
    models = [students["calm"], students["wild"]]
    loose = {"max_force": 1e9, "temperature_factor": 1.5}
    protocol = make_protocol(guards=loose)
    seen = []
    report = run_stability(
        models, protocol, folder, 2, on_result=lambda name, run, v: seen.append((name, run))
    )
    calm, wild = report.models
    assert (calm.failed, calm.total) == (0, 2) and (wild.failed, wild.total) == (2, 2)
    assert sorted(seen) == [("calm", 0), ("calm", 1), ("wild", 0), ("wild", 1)]
    rows = list(csv.DictReader((folder / "runs.csv").open()))
    assert [(r["model"], r["state"]) for r in rows] == [
        ("calm", "stable"), ("calm", "stable"), ("wild", "unstable"), ("wild", "unstable"),
    ]  # fmt: skip
    assert [r["seed"] for r in rows[:2]] == [r["seed"] for r in rows[2:]]
    assert rows[0]["seed"] != rows[1]["seed"]
    assert all(r["reason"] and r["message"] for r in rows[2:])
    assert not (folder / "runs" / "calm" / "run_000" / "trajectory.dump").exists()
    assert (folder / "runs" / "wild" / "run_000" / "trajectory.dump").exists()
    summary = json.loads((folder / "summary.json").read_text())
    assert summary["models"][1]["causes"] and summary["atoms"] == 12
    assert (folder / "stability.png").stat().st_size > 5000
    curve = [r for r in csv.DictReader((folder / "survival.csv").open()) if r["model"] == "wild"]
    assert float(curve[-1]["survival"]) == 0.0

    before = {p: p.stat().st_mtime_ns for p in folder.glob("runs/*/*/log.lammps")}
    more = make_protocol(guards=loose, runs=3, keep_dumps="all")
    more = more.model_copy(update={"md": more.md.model_copy(update={"restart_interval": 7})})
    again = run_stability(models, more, folder, 2)
    assert [m.total for m in again.models] == [3, 3]
    assert all(p.stat().st_mtime_ns == time for p, time in before.items())
    with pytest.raises(InputError, match=r"holds runs of another protocol \(seed: \d+ -> \d+"):
        run_stability(models, make_protocol(guards=loose, seed=2), folder)


def test_the_command_line_takes_a_start_and_names_what_is_wrong(
    students, make_protocol, tmp_path, capsys
):
    make_protocol()  # writes the box
    calm, box, out = str(students["calm"]), str(tmp_path / "box.xyz"), str(tmp_path / "cli")
    options = ["--start", box, "--runs", "1", "--steps", "20", "--temperature", "200"]
    assert main(["stability", calm, *options, "--dir", out, "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["models"][0]["failed"] == 0
    assert summary["protocol"]["md"]["thermostat"] == "langevin"
    for wrong, said in (
        ([calm], "give a protocol"),
        ([calm, "--start", box, "--runs", "0"], "runs: 0: Input should be greater than or equal"),
        ([calm, "--start", box, "--workers", "0"], "--workers 0: expected at least 1"),
        ([calm, "--start", str(tmp_path / "none.xyz"), "--dir", f"{out}2"], "none.xyz"),
        ([f"{calm}x", "--start", box, "--dir", f"{out}3"], "does not exist"),
        ([calm, calm, "--start", box, "--dir", f"{out}4"], "is given twice"),
    ):
        assert main(["stability", *wrong]) == 2
        assert said in capsys.readouterr().err


def test_two_ranks_of_one_mpirun_give_the_verdicts_of_processes(
    students, make_protocol, tmp_path, capsys
):
    protocol = make_protocol()
    models = [students["calm"], students["wild"]]
    run_stability(models, protocol, tmp_path / "processes", 1)
    box = str(tmp_path / "box.xyz")
    options = ["--runs", "2", "--steps", "40", "--temperature", "300", "--json"]
    ranks = ["--launcher", "mpirun -n 2", "--dir", str(tmp_path / "ranks")]
    config = tmp_path / "protocol.yaml"
    plain = protocol.model_dump(mode="json", exclude_defaults=True)
    config.write_text(json.dumps(plain))  # JSON is YAML too
    command = ["stability", *map(str, models), "--config", str(config), "--start", box]
    assert main([*command, *options, *ranks]) == 0
    found = json.loads(capsys.readouterr().out)["models"]
    assert [(m["failed"], m["total"]) for m in found] == [(0, 2), (2, 2)]
    tables = [
        [{k: v for k, v in row.items() if "us_per" not in k} for row in csv.DictReader(file.open())]
        for file in (tmp_path / f / "runs.csv" for f in ("processes", "ranks"))
    ]
    assert tables[0] == tables[1]
    assert main([*command, *options, *ranks[:1], "mpiwalk -n 2", "--dir", str(tmp_path / "x")]) == 2
    assert "there is no program 'mpiwalk'" in capsys.readouterr().err


def test_models_of_one_name_are_distinguished_by_their_folders(tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "student.pt").write_text("x")
    paths = [tmp_path / f / "student.pt" for f in ("a", "b")]
    assert list(model_names(paths)) == ["a_student", "b_student"]
    with pytest.raises(InputError, match="no model is given"):
        model_names([])


def test_seeds_depend_on_the_run_alone():
    assert derived_seed(1, "md", 3) == derived_seed(1, "md", 3) < 2**31
    assert len({derived_seed(1, "md", run) for run in range(1000)}) == 1000


def test_a_signal_ends_the_runs_and_says_how_to_resume(students, make_protocol, tmp_path):
    protocol = make_protocol(
        guards={"max_force": 1e9, "temperature_factor": 1e9, "distance_factor": 1e-3},
        md={"steps": 10**8, "temperature": 300.0, "minimize_steps": 0},
    )
    config = tmp_path / "protocol.yaml"
    config.write_text(json.dumps(protocol.model_dump(mode="json", exclude_defaults=True)))
    code = "from ipip.cli.main import main; raise SystemExit(main())"
    given = ["stability", students["calm"], "--config", config, "--dir", tmp_path / "out"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *map(str, given)], stderr=subprocess.PIPE, text=True
    )
    while not list(tmp_path.glob("out/runs/calm/run_000/ring/*.dump")):
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 1
    assert said.startswith("ipip: stopped by SIGTERM") and "the same command continues" in said
    assert not (tmp_path / "out/runs/calm/run_000/verdict.json").exists()


def test_a_deck_in_other_units_is_refused_before_any_run(students, make_protocol, tmp_path):
    deck = tmp_path / "own.lmp"
    deck.write_text(template_text(None).replace("units           metal", "units           real"))
    protocol = make_protocol(md={"steps": 40, "deck": deck})
    with pytest.raises(InputError, match="has `units real`, but the bounds and times"):
        run_stability([students["calm"]], protocol, tmp_path / "out")
    assert not (tmp_path / "out" / "runs").exists()


def test_a_student_without_kernels_runs_by_our_program_and_not_by_its_own(
    students, make_protocol, tmp_path
):
    model, victim = tmp_path / "visnet.pt", tmp_path / "victim"
    student = build_student("visnet", ["Mo", "S", "O"], channels=8, layers=2, attention_heads=2)
    save_student(student, tmp_path / "own.pt", training={"stress_weight": 1.0})
    victim.write_bytes(bytes(64))
    with_program(tmp_path / "own.pt", model, torch.jit.script(Overwriting(str(victim))))
    victim.write_bytes(bytes(64))
    protocol, folder = make_protocol(runs=1), tmp_path / "out"
    made = folder / "students" / "visnet.pt"
    made.parent.mkdir(parents=True)
    shutil.copyfile(model, made)  # an existing file is not trusted either
    report = run_stability([model], protocol, folder)
    assert report.models[0].total == 1 and report.models[0].broken == 0
    assert victim.read_bytes() == bytes(64)
    run = folder / "runs" / "visnet" / "run_000"
    assert (run / "student.pt").resolve() == made
    assert "backend torchscript" in (run / "in.lammps").read_text()
    assert read_metadata(made).weights_digest == read_metadata(model).weights_digest
    assert read_metadata(made).training == {"stress_weight": 1.0}
    log = (run / "log.lammps").stat().st_mtime_ns
    run_stability([model], protocol, folder)
    assert (run / "log.lammps").stat().st_mtime_ns == log

    asked = make_protocol(runs=1, md={"steps": 5, "pair_options": "backend torchscript"})
    shutil.copyfile(students["calm"], tmp_path / "own.pt")
    with_program(tmp_path / "own.pt", model, torch.jit.script(Overwriting(str(victim))))
    victim.write_bytes(bytes(64))
    run_student_md(model, build(asked.system, 1), asked.md, asked.guards, tmp_path / "md", seed=1)
    assert victim.read_bytes() == bytes(64)


def test_a_model_whose_name_is_no_utf_8_does_not_end_the_run_at_its_picture(
    students, make_protocol, tmp_path
):
    model = tmp_path / os.fsdecode(b"st\xfcdent.pt")  # as every such name in an ASCII locale
    shutil.copyfile(students["calm"], model)
    protocol = make_protocol(runs=1, md={"steps": 5, "temperature": 100.0, "minimize_steps": 0})
    report = run_stability([model], protocol, tmp_path / "out")
    assert report.models[0].total == 1
    assert (tmp_path / "out" / "stability.png").stat().st_size > 5000
    frames = [build(protocol.system, 1).replace(energy=0.0, forces=np.zeros((12, 3)))]
    write_frames(tmp_path / "frames.xyz", frames)
    assert main(["eval", str(model), str(tmp_path / "frames.xyz"), "--out", f"{tmp_path}/e"]) == 0
    assert (tmp_path / "e" / "parity.png").exists()


def test_a_start_with_two_atoms_at_one_place_is_refused_and_not_the_student_s_failure(
    students, make_protocol, tmp_path
):
    protocol = make_protocol(runs=1)
    box = build(protocol.system, 1)
    box.positions[3] = box.positions[8] + box.cell[0]  # an image
    write_frames(tmp_path / "box.xyz", [box])
    with pytest.raises(InputError, match=r"box\.xyz: atoms 3 and 8 are at the same place"):
        run_stability([students["calm"]], protocol, tmp_path / "out")
