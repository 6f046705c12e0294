"""The verbs: what they print, their exit status, and that wrong input is one clear message."""

import importlib
import json
import re
import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
import yaml

from ipip.cli.main import app, main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import read_frames, write_frames
from ipip.installation import install_command
from ipip.records.config_lock import write_config_lock
from ipip.records.run_folder import RunFolder

LOOP_VERBS = (
    *("init", "validate", "plan", "run", "status", "report"),
    *("rewind", "gc", "ledger", "relabel", "pretrain", "finetune"),
)


def refuse(capsys, *arguments, status=2):
    """Run a command that must fail; return its message, after checking its form."""
    assert main([str(argument) for argument in arguments]) == status
    message = capsys.readouterr().err
    assert message.startswith("ipip: ")
    assert "Traceback" not in message
    return message


def test_help_is_quick_and_loads_nothing_heavy():
    code = (
        "import sys; from ipip.cli.main import main; main(['--help']); "
        "heavy = {'torch', 'numpy', 'ase', 'lightning', 'matplotlib', 'pydantic'}; "
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    started = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert time.perf_counter() - started < 5
    for verb in (*LOOP_VERBS, "train", "eval", "info", "export"):
        assert f"  {verb} " in done.stdout
    lines = done.stdout.split("Commands:")[1].splitlines()
    assert "..." not in "".join(lines) and max(map(len, lines)) <= 80


def test_every_verb_is_documented_with_the_function_that_it_calls(repository):
    rows = re.findall(
        r"^\| (`\w+`(?:, `\w+`)*) \| (`ipip\..*`) \|$",
        (repository / "docs" / "loop.md").read_text(encoding="utf-8"),
        re.M,
    )
    told = {verb: functions for verbs, functions in rows for verb in re.findall(r"\w+", verbs)}
    assert set(told) == {command.name for command in app.registered_commands}
    for functions in told.values():
        for path in re.findall(r"`(.*?)`", functions):
            module, _, name = path.rpartition(".")
            assert getattr(importlib.import_module(module), name).__doc__, path


def test_a_wrong_option_is_status_2(capsys):
    assert main(["run", "--fast"]) == 2
    assert "No such option" in capsys.readouterr().err


def test_init_writes_a_template_once(tmp_path, capsys):
    path = tmp_path / "mine.yaml"
    assert main(["init", str(path)]) == 0
    assert "systems" in yaml.safe_load(path.read_text())
    assert "already exists" in refuse(capsys, "init", path)
    assert main(["init", str(path), "--force"]) == 0


def test_validate_prints_the_plan_and_runs_nothing(config, capsys):
    assert main(["validate", str(config)]) == 0
    text = capsys.readouterr().out
    for words in ("round_001/15_harvest", "optimiser steps", "4 teacher MD steps", "estimates"):
        assert words in text
    assert "Warning: the frames of reference.data follow one another" in text
    assert "keys.group: traj" in text and " epochs" in text
    assert {path.name for path in config.parent.iterdir()} == {
        "config.yaml",
        "reference.xyz",
        "start.xyz",
    }


def test_a_terminal_shows_that_validate_times_the_teacher(config, capsys, monkeypatch):
    assert main(["validate", str(config)]) == 0
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("FORCE_COLOR", "1")  # rich treats the streams as terminals
    assert main(["validate", str(config)]) == 0
    captured = capsys.readouterr()
    assert "loading the teacher (ase) and timing it" in captured.err
    assert "timing it" not in captured.out
    assert main(["plan", "--json", str(config)]) == 0
    captured = capsys.readouterr()
    assert captured.err == "" and json.loads(captured.out)["stages"]


def test_validate_expects_kernels_for_painn_of_any_width(config, edit, capsys):
    seconds = {}
    for student in ("{channels: 32}", "{channels: 24}", "{architecture: visnet, channels: 24}"):
        edit("rounds: 1", f"student: {student}\nrounds: 1")
        assert main(["validate", "--json", str(config)]) == 0
        stages = json.loads(capsys.readouterr().out)["stages"]
        seconds[student] = next(
            s["seconds"] for s in stages if s["stage_id"].endswith("40_finetune")
        )
        edit(f"student: {student}\n", "")
    wide, narrow, visnet = seconds.values()
    assert narrow == pytest.approx(24 / 32 * wide)
    assert visnet > 5 * narrow


def test_validate_can_answer_a_program(config, capsys):
    assert main(["validate", "--json", str(config)]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["reference"] == {"train": 4, "valid": 2, "test": 2}
    assert len(plan["stages"]) == 12
    assert plan["seconds"] > 0 and plan["disk_bytes"] > 0
    (concern,) = plan["concerns"]
    assert concern.startswith("the frames of reference.data follow one another like a trajectory")


@pytest.mark.parametrize("verb", ["validate", "run"])
def test_a_typo_comes_with_a_suggestion(config, edit, capsys, verb):
    edit("temperature: 30.0", "temprature: 30.0")
    assert "did you mean `temperature`?" in refuse(capsys, verb, config)


@pytest.mark.parametrize(
    ("block", "change", "said"),
    [
        ("resources", {"lammps_launcher": "mpiwalk -n 4"}, "there is no program 'mpiwalk'"),
        ("student_md", {"pair_options": "backend quantum"}, "pair_options 'backend quantum'"),
        ("student_md", {"ensemble": "npt"}, "student_md.ensemble is npt, which needs boxes"),
    ],
)
def test_a_fault_of_a_later_stage_is_reported_before_the_first(config, capsys, block, change, said):
    settings = yaml.safe_load(config.read_text())
    settings[block] = settings.get(block, {}) | change
    config.write_text(yaml.safe_dump(settings))
    start = config.parent / "start.xyz"
    if "ensemble" in change:
        start.write_text(start.read_text().replace('pbc="T T T"', 'pbc="F F F"'))
    run = config.parent / "run"
    assert said in refuse(capsys, "run", config, "--dir", run)
    assert not run.exists()


def test_a_missing_teacher_names_its_extra(config, edit, capsys):
    settings = yaml.safe_load(config.read_text())
    settings["teacher"] = {"kind": "chgnet"}
    config.write_text(yaml.safe_dump(settings))
    message = refuse(capsys, "validate", config)
    assert f"run: {install_command(extra='chgnet')} (or" in message and "chgnet>=" in message


def test_a_missing_teacher_stops_a_run_and_leaves_it_resumable(config, capsys):
    settings = yaml.safe_load(config.read_text())
    settings["teacher"] = {"kind": "chgnet"}
    config.write_text(yaml.safe_dump(settings))
    run = config.parent / "run"
    message = refuse(capsys, "run", config, "--dir", run)
    assert f"run: {install_command(extra='chgnet')} (or" in message and "chgnet>=" in message
    assert main(["status", str(run)]) == 0
    said = capsys.readouterr().out
    assert "0 of 12 stages are done" in said
    assert "round_000/10_explore failed: teacher" in said


def test_an_empty_dataset(config, capsys):
    (config.parent / "reference.xyz").write_text("")
    assert "holds no frames" in refuse(capsys, "run", config)


def test_a_file_without_forces_lists_the_keys_it_has(config, capsys):
    path = config.parent / "reference.xyz"
    path.write_text(path.read_text().replace(":forces:", ":push:"))
    message = refuse(capsys, "run", config)
    assert "no frame has forces under the key 'forces'" in message
    assert "push" in message


def test_labels_that_are_not_numbers(config, capsys):
    path = config.parent / "reference.xyz"
    frames = read_frames(path)
    broken = frames[3].forces.copy()
    broken[1, 0] = np.nan
    text = path.read_text()
    write_frames(path, [*frames[:3], frames[3].replace(forces=broken * 0 + 77.125), *frames[4:]])
    path.write_text(path.read_text().replace("77.125", "nan"))
    assert path.read_text() != text
    message = refuse(capsys, "run", config)
    assert "frame 3" in message and "not finite" in message


def test_a_missing_data_file(config, edit, capsys):
    edit("reference.xyz", "refrence.xyz")
    assert "refrence.xyz: no such file" in refuse(capsys, "run", config)


def test_an_element_the_student_shall_not_have(config, edit, capsys):
    edit("- Ar", "- Ne")
    assert "Ar" in refuse(capsys, "run", config)


def test_no_free_disk(config, capsys, monkeypatch):
    usage = SimpleNamespace(total=10**9, used=10**9 - 10**6, free=10**6)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    message = refuse(capsys, "run", config, "--dir", config.parent / "run", status=1)
    assert "1 MB of disk space are free" in message
    assert "run the same command again" in message


def test_lammps_without_the_plugin(config, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("ipip.loop.checks.plugin_folder", lambda: str(tmp_path))
    message = refuse(capsys, "validate", config)
    assert "pair_style ipip is missing" in message and "pip install" in message


@pytest.mark.parametrize("verb", ["status", "report"])
def test_a_folder_that_is_no_run(tmp_path, capsys, verb):
    assert "is not a run folder" in refuse(capsys, verb, tmp_path)


@pytest.mark.parametrize("verb", ["status", "report"])
def test_the_folder_of_a_training_is_no_run(tmp_path, capsys, verb):
    (tmp_path / "training.json").write_text("{}")
    (tmp_path / "config.lock.yaml").write_text("training: {}\n")
    assert "is the folder of a training, not of a run" in refuse(capsys, verb, tmp_path)


def test_a_run_and_a_training_do_not_share_a_folder(config, capsys, tmp_path):
    folder = tmp_path / "training"
    folder.mkdir()
    (folder / "training.json").write_text("{}")
    (folder / "config.lock.yaml").write_text("training: {}\n")
    assert "a run needs another folder" in refuse(capsys, "run", config, "--dir", folder)
    assert sorted(file.name for file in folder.iterdir()) == ["config.lock.yaml", "training.json"]

    (tmp_path / "run").mkdir()
    write_config_lock(RunFolder(tmp_path / "run"), load_settings(config, RunSettings))
    settings = tmp_path / "train.yaml"
    settings.write_text("data: [{path: absent.xyz}]\n")
    message = refuse(capsys, "train", settings, "--dir", tmp_path / "run")
    assert "is a run folder; choose another folder with --dir" in message


def test_a_place_that_cannot_be_written_is_named(config, capsys, tmp_path):

    (tmp_path / "file").write_text("")
    place = tmp_path / "file" / "run"
    message = refuse(capsys, "run", config, "--dir", place, status=1)
    assert f"{place.parent}" in message and "Not a directory" in message
    assert "unexpected" not in message


def test_something_unforeseen_is_one_sentence_too(config, capsys, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("the moon\nfell down")

    monkeypatch.setattr("ipip.loop.run.run_loop", fail)
    message = refuse(capsys, "run", config, status=1)
    assert "unexpected RuntimeError: the moon fell down" in message
    assert main(["--debug", "run", str(config)]) == 1
    assert "Traceback" in capsys.readouterr().err
