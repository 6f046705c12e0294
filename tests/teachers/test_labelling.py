"""Labelling frames at a level of theory."""

import json
import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT

from ipip.cli.main import main
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame, read_frames, write_frames
from ipip.errors import InputError
from ipip.teachers import Teacher, TeacherCalculator, label_frames

LEVEL = TeacherSettings(kind="ase", import_path="ase.calculators.emt:EMT", workers=2)
SLOW = """
import time
from ase.calculators.emt import EMT

class Slow(EMT):
    def calculate(self, *args, **kwargs):
        time.sleep(0.2)
        super().calculate(*args, **kwargs)
"""


def _copper(count: int) -> list[Frame]:
    random = np.random.default_rng(4)
    frames = []
    for index in range(count):
        atoms = bulk("Cu", cubic=True)
        atoms.positions += random.normal(0.0, 0.05, atoms.positions.shape)
        atoms.info = {"traj": index, "config_type": "rattled"}
        frames.append(Frame.from_atoms(atoms))
    return frames


def test_labels_come_in_order_and_frames_that_fail_are_dropped_and_listed(tmp_path):
    frames = _copper(4)
    frames[1] = frames[1].replace(numbers=np.full(4, 92))  # EMT has no uranium
    told = []
    store = tmp_path / "labels.jsonl"
    result = label_frames(frames, LEVEL, store, tmp_path, lambda *p: told.append(p))
    assert result.kept == [0, 2, 3] and result.computed == 4 and told[-1] == (4, 4)
    ((index, reason),) = result.dropped
    assert index == 1 and "No EMT-potential for U" in reason
    for position, labelled in zip(result.kept, result.frames, strict=True):
        atoms = frames[position].to_atoms()
        atoms.calc = EMT()
        assert labelled.energy == pytest.approx(atoms.get_potential_energy(), abs=1e-12)
        np.testing.assert_allclose(labelled.forces, atoms.get_forces(), atol=1e-12)
        np.testing.assert_allclose(labelled.stress, atoms.get_stress(voigt=False), atol=1e-12)
        assert labelled.info == frames[position].info
    again = label_frames(frames, LEVEL, store, tmp_path)
    assert again.computed == 0 and again.info is None and again.dropped == result.dropped
    np.testing.assert_array_equal(again.frames[2].forces, result.frames[2].forces)
    assert label_frames(frames, LEVEL, store, tmp_path, retry=True).computed == 1
    other = LEVEL.model_copy(update={"arguments": {"asap_cutoff": True}})
    assert label_frames(frames, other, store, tmp_path).computed == 4
    with store.open("a") as file:
        file.write('{"key": "cut off')
    more = label_frames([*frames, *_copper(5)[4:]], LEVEL, store, tmp_path)
    assert more.computed == 1 and len(more.frames) == 4


def test_a_killed_label_command_resumes(tmp_path, capsys):
    (tmp_path / "slow_emt.py").write_text(SLOW)
    (tmp_path / "level.yaml").write_text(
        "kind: ase\nimport_path: slow_emt:Slow\nimport_folder: .\nworkers: 1\n"
    )
    frames, out = tmp_path / "frames.xyz", tmp_path / "labelled.xyz"
    write_frames(frames, [*_copper(12), _copper(1)[0].replace(numbers=np.full(4, 92))])
    arguments = ["label", str(tmp_path / "level.yaml"), str(frames), "--out", str(out)]
    code = "from ipip.cli.main import main; raise SystemExit(main())"
    process = subprocess.Popen([sys.executable, "-c", code, *arguments])
    store = tmp_path / "labelled.xyz.labels.jsonl"
    start = time.monotonic()
    while not store.exists() or store.read_text().count("\n") < 3:
        assert time.monotonic() - start < 60 and process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    known = store.read_text().count("\n")
    assert 3 <= known < 12 and not out.exists()
    assert main([*arguments, "--json", "--workers", "2"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["frames"], report["labelled"]) == (13, 12)
    assert report["computed"] <= 13 - known
    assert [entry["frame"] for entry in report["dropped"]] == [12]
    assert "12,U4," in (tmp_path / "labelled.xyz.dropped.csv").read_text()
    labelled = read_frames(out)
    assert [frame.info["traj"] for frame in labelled] == list(range(12))
    made_by = json.loads((tmp_path / "labelled.xyz.label.json").read_text())
    assert made_by["labelled_by"]["model"] == "slow_emt:Slow"


def test_wrong_input_of_the_label_command_is_one_message(tmp_path, capsys):
    frames = tmp_path / "frames.xyz"
    write_frames(frames, _copper(1))
    level = tmp_path / "level.yaml"
    level.write_text("kind: cp2k\ncp2k: {level: cheap}\n")
    out = str(tmp_path / "out.xyz")
    assert main(["label", str(level), str(frames), "--out", out]) == 2
    assert "cp2k.level" in capsys.readouterr().err
    level.write_text("kind: ase\nimport_path: ase.calculators.emt:EMT\n")
    assert main(["label", str(level), str(frames), "--out", str(frames)]) == 2
    assert "is the input" in capsys.readouterr().err
    write_frames(frames, [_copper(1)[0].replace(numbers=np.full(4, 92))])
    assert main(["label", str(level), str(frames), "--out", out]) == 1
    assert "none of 1 frames gave labels" in capsys.readouterr().err


def test_a_teacher_is_an_ase_calculator_too(tmp_path):
    atoms = _copper(1)[0].to_atoms()
    plain = atoms.copy()
    plain.calc = EMT()
    with Teacher(LEVEL, tmp_path) as teacher:
        atoms.calc = TeacherCalculator(teacher)
        assert atoms.get_potential_energy() == pytest.approx(plain.get_potential_energy())
        np.testing.assert_allclose(atoms.get_stress(), plain.get_stress(), atol=1e-12)
        atoms.numbers[:] = 92
        with pytest.raises(Exception, match="No EMT-potential for U"):
            atoms.get_forces()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "sevennet", "cp2k": {}}, "for kind 'cp2k' only"),
        ({"kind": "cp2k", "model": "pbe"}, "takes no model"),
    ],
)
def test_levels_that_contradict_themselves_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TeacherSettings(**settings)


def test_a_missing_cp2k_template_is_refused(tmp_path):
    level = TeacherSettings(kind="cp2k", cp2k={"template": tmp_path / "no.inp"})
    with pytest.raises(InputError, match=r"cp2k\.template .*no\.inp cannot be read"):
        label_frames(_copper(1), level, tmp_path / "store", tmp_path)


def test_a_damaged_line_of_known_labels_is_computed_again(tmp_path):
    frames, store = _copper(3), tmp_path / "labels.jsonl"
    first = label_frames(frames, LEVEL, store, tmp_path)
    lines = store.read_text().splitlines()
    energy = json.loads(lines[1])["energy"]
    changed = lines[1].replace(str(energy), str(energy + 1.0))
    assert changed != lines[1]
    store.write_text("\n".join([lines[0], changed, lines[2][:-9]]) + "\n")
    again = label_frames(frames, LEVEL, store, tmp_path)
    assert again.computed == 2
    for one, other in zip(first.frames, again.frames, strict=True):
        assert one.energy == other.energy
        np.testing.assert_array_equal(one.forces, other.forces)


def test_labels_of_the_previous_version_are_read(tmp_path):
    frames, store = _copper(2), tmp_path / "labels.jsonl"
    label_frames(frames, LEVEL, store, tmp_path)
    entries = [json.loads(line) for line in store.read_text().splitlines()]
    for entry in entries:
        del entry["seal"]
    store.write_text("".join(json.dumps(entry) + "\n" for entry in entries))
    assert label_frames(frames, LEVEL, store, tmp_path).computed == 0
