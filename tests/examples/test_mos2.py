"""The MoS2 example: two separate MD runs, models compared on the held-out run."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from ipip.data import Frame, frames_digest, read_frames, write_frames
from ipip.errors import InputError
from ipip.export import load_student
from ipip.train import predict

Example = Callable[[str, str], ModuleType]


def named_frames(names: list[str]) -> list[Frame]:
    """Frames of one atom with names."""
    atom = Frame(np.array([42]), np.zeros((1, 3)), np.eye(3) * 9, np.ones(3, bool), energy=0.0)
    return [atom.replace(info={"config_type": name}) for name in names]


def test_a_run_ends_where_a_name_comes_again(example: Example) -> None:
    runs = example("mos2", "runs")
    frames = named_frames(["a", "c", "b", "a", "b"])
    assert runs.split_runs(frames) == [[0, 1, 2], [3, 4]]
    split = runs.split_by_run(frames, reverse=False, valid=1, seed=1)
    assert sorted(split.train + split.valid) == [0, 1, 2] and split.test == (3, 4)
    assert split.digest == frames_digest(frames)
    other = runs.split_by_run(frames, reverse=True, valid=1, seed=1)
    assert sorted(other.train + other.valid) == [3, 4] and other.test == (0, 1, 2)
    with pytest.raises(InputError, match="holds 3 MD runs"):
        runs.split_by_run(named_frames(["a", "a", "a"]), reverse=False, valid=1, seed=1)


def test_a_wrong_file_of_the_accuracy_set_is_one_sentence(
    example: Example, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    accuracy_set = example("mos2", "accuracy_set")
    file, out = tmp_path / "frames.xyz", tmp_path / "set"
    assert accuracy_set.main([str(file), str(out)]) == 2
    assert "frames.xyz: no such file" in capsys.readouterr().err
    labelled = [f.replace(forces=np.zeros((1, 3))) for f in named_frames(["a", "b", "a"])]
    write_frames(file, labelled)
    text = file.read_text().replace(" energy=", " Energy=").replace(":forces:", ":force:")
    file.write_text(text.replace("config_type=", "Config_type="))
    assert accuracy_set.main([str(file), str(out)]) == 2
    message = capsys.readouterr().err
    assert "holds 2 MD runs (2, 1 frames); expected the two of the MoS2 set" in message
    assert message.startswith("error: ") and message.count("\n") == 1 and not out.exists()


def test_quick_compares_teacher_and_students_on_the_run_they_have_not_seen(
    example: Example, shared_data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = shared_data / "mos2_pbe_d3" / "frames.xyz"
    if not file.is_file():
        pytest.skip(f"{file} is not at hand")
    mos2 = example("mos2", "mos2")
    teachers = [] if find_spec("sevenn") is None else ["7net-0"]
    command = [str(file), "--dir", str(tmp_path), "--quick", "--models", *teachers, *mos2.STUDENTS]
    assert mos2.main(command) == 0
    report = json.loads((tmp_path / "results.json").read_text())
    assert report["frames"] == {"train": 3, "valid": 1, "test": 4}
    split = json.loads((tmp_path / "split.json").read_text())
    assert max(split["train"] + split["valid"]) < 51 <= min(split["test"])
    frames = read_frames(file, mos2.KEYS)
    assert len(mos2.split_by_run(frames, reverse=False, valid=5, seed=1).test) == 53
    test = [frames[index] for index in split["test"]]
    by_name = {result["model"]: result for result in report["results"]}
    student = load_student(tmp_path / "painn" / "student.pt")
    errors = np.concatenate(
        [p.forces - r.forces for r, p in zip(test, predict(student, test), strict=True)]
    )
    assert by_name["painn"]["force_mae_ev_per_a"] == pytest.approx(np.abs(errors).mean(), rel=1e-4)
    if teachers:  # of 0.9 eV/Å; the energy zero is fitted
        assert by_name["7net-0"]["force_rmse_ev_per_a"] < 0.5
        assert by_name["7net-0"]["energy_mae_mev_per_atom"] < 20
        assert 0.5 < by_name["7net-0"]["force_slope"] < 1.0
        assert by_name["7net-0"]["energy_shift"]["rank"] == 1
    assert (tmp_path / "parity.png").stat().st_size > 20_000
    assert "NEP89: fine-tuned on all 104 frames" in capsys.readouterr().out
    assert mos2.main([*command, "--reverse"]) == 2
    assert "is another split" in capsys.readouterr().err
