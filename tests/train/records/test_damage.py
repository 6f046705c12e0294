"""The files of a training are checked before anything resumes from them."""

import os
import pickle
import shutil

import pytest
import torch

from ipip.errors import InputError, IpipError
from ipip.train.fitting.restore import student_from_checkpoint
from ipip.train.records.checkpoints import STATE, load_checkpoint
from ipip.train.records.damage import training_problem
from ipip.train.records.training_record import (
    check_started,
    read_finished,
    training_digest,
    write_finished,
)


def test_a_checkpoint_with_a_flipped_bit_is_refused(tmp_path):
    path = tmp_path / "last.ckpt"
    check_started(tmp_path, {"settings": {}, "seed": 1})
    torch.save({"weights": torch.arange(1000.0)}, path)
    assert load_checkpoint(path)["weights"][7] == 7
    data = bytearray(path.read_bytes())
    data[data.index(torch.tensor([7.0, 8.0]).numpy().tobytes())] ^= 1
    path.write_bytes(data)
    with pytest.raises(IpipError, match=r"last\.ckpt: .*it is damaged"):
        load_checkpoint(path)
    assert "last.ckpt" in training_problem(tmp_path)


def test_damaged_records_of_a_training_are_refused(tmp_path):
    fingerprint = {"settings": {"lr": 0.001}, "seed": 3}
    assert check_started(tmp_path, fingerprint) is False
    assert check_started(tmp_path, fingerprint) is True
    torch.save({STATE: {"epoch": 2, "best_epoch": 2}}, tmp_path / "best.ckpt")
    write_finished(tmp_path, {"best_epoch": 2, "steps": 30, "wall_s": 1.0, "history": []})
    assert read_finished(tmp_path)["best_epoch"] == 2
    for name, old, new, read in (
        ("training.json", "0.001", "0.002", lambda: check_started(tmp_path, fingerprint)),
        ("result.json", "30", "31", lambda: read_finished(tmp_path)),
    ):
        path = tmp_path / name
        whole = path.read_text()
        path.write_text(whole.replace(old, new))
        assert f"{name} is damaged" in training_problem(tmp_path)
        with pytest.raises(InputError, match=rf"{name} is damaged"):
            read()
        path.write_text(whole)


def test_a_record_with_settings_that_decide_nothing_is_of_the_same_training(tmp_path):
    fingerprint = {"settings": {"learning_rate": 0.001}, "seed": 3}
    check_started(tmp_path, {**fingerprint, "settings": {"learning_rate": 0.001, "workers": 2}})
    assert check_started(tmp_path, fingerprint) is True
    with pytest.raises(InputError, match=r"settings.learning_rate was 0.001 and is 0.1 now"):
        check_started(tmp_path, {**fingerprint, "settings": {"learning_rate": 0.1}})


def test_a_checkpoint_of_another_training_or_epoch_is_refused(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    for seed, folder in enumerate((first, second)):
        folder.mkdir()
        check_started(folder, {"settings": {}, "seed": seed})
        state = {"training": training_digest(folder), "epoch": 4, "best_epoch": 2}
        torch.save({STATE: state}, folder / "last.ckpt")
        torch.save({STATE: state | {"epoch": 2}}, folder / "best.ckpt")
        assert training_problem(folder) is None
    for name in ("last.ckpt", "best.ckpt"):
        whole = (first / name).read_bytes()
        shutil.copy(second / name, first / name)
        assert f"{name}: is a checkpoint of another training" in training_problem(first)
        (first / name).write_bytes(whole)
    shutil.copy(first / "best.ckpt", first / "last.ckpt")  # an earlier state of the same training
    assert training_problem(first) is None
    shutil.copy(second / "last.ckpt", second / "best.ckpt")
    assert "best.ckpt: is of epoch 5, but the best is epoch 3" in training_problem(second)
    write_finished(first, {"best_epoch": 3, "steps": 30, "wall_s": 1.0, "history": []})
    assert "best.ckpt: is of epoch 3, but the best is epoch 4" in training_problem(first)
    (second / "best.ckpt").unlink()
    assert "last.ckpt: names epoch 3 as the best, but there is no best.ckpt" in training_problem(
        second
    )


class Running:
    """Runs a command where a pickle of it is opened."""

    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return os.system, (f"touch '{self.victim}'",)


def test_a_foreign_checkpoint_is_refused_and_runs_nothing(tmp_path):
    victim, path = tmp_path / "ran", tmp_path / "best.ckpt"
    scripted = torch.jit.script(torch.nn.Linear(1, 1))
    state = {"student": {"architecture": "painn", "symbols": ["H"], "arguments": {"channels": "8"}}}
    writes = {
        "code": lambda: torch.save({"a": Running(victim)}, path),
        "old code": lambda: torch.save(
            {"a": Running(victim)}, path, _use_new_zipfile_serialization=False
        ),
        "bare code": lambda: path.write_bytes(pickle.dumps(Running(victim))),
        "script": lambda: torch.jit.save(scripted, path),
        "list": lambda: torch.save([1, 2], path),
        "tensor": lambda: torch.save(torch.zeros(3), path),
        "nothing": lambda: torch.save({}, path),
        "list of state": lambda: torch.save({STATE: [1]}, path),
        "no weights": lambda: torch.save({STATE: state}, path),
    }
    for write in writes.values():
        write()
        with pytest.raises(IpipError, match=r"best\.ckpt: |channels is '8'") as caught:
            student_from_checkpoint(path)
        assert "weights_only" not in str(caught.value)  # torch's advice: to run its code
    assert not victim.exists()
