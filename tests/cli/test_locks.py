"""No verb writes where another process writes: each ends at once, with one sentence."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from tests.cli.conftest import write_inputs

from ipip.cli.main import main
from ipip.config.harvest_run import HarvestRunSettings
from ipip.config.species import SpeciesSettings
from ipip.config.stability import StabilityProtocol
from ipip.config.systems import SystemSettings
from ipip.errors import InUseError
from ipip.export import save_student
from ipip.harvest.from_dumps import harvest_dumps
from ipip.models import build_student
from ipip.species.run import species_of_dump
from ipip.stability import run_stability
from ipip.storage.lock import hold_file, hold_folder

BIN = Path(sys.executable).parent
TRAINING = {"max_epochs": 4000, "batch_size": 1, "tensorboard": False}


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A folder with settings of a run, a training and a level, frames, a student, a run folder."""
    write_inputs(tmp_path, student={"channels": 8, "layers": 1}, finetune=TRAINING)
    data = {"data": [{"path": "reference.xyz"}], "split": {"valid": 2, "test": 2}}
    student = {"student": {"channels": 8, "layers": 1}, "training": TRAINING}
    (tmp_path / "train.yaml").write_text(yaml.safe_dump(data | student))
    level = {"kind": "ase", "import_path": "ase.calculators.lj:LennardJones"}
    (tmp_path / "level.yaml").write_text(yaml.safe_dump(level))
    save_student(build_student("painn", ["Ar"], seed=1, channels=8), tmp_path / "student.pt")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "config.lock.yaml").write_text("rounds: 1\n")
    return tmp_path


VERBS = {
    "report": "report out",
    "rewind": "rewind out round_000",
    "gc": "gc out",
    "run": "run config.yaml --dir out",
    "pretrain": "pretrain config.yaml reference.xyz --dir out",
    "finetune": "finetune config.yaml student.pt --dir out",
    "eval": "eval student.pt reference.xyz --out out",
}


@pytest.mark.parametrize("verb", VERBS)
def test_a_folder_that_another_process_writes_is_not_touched(
    verb: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    with hold_folder(place / "out", "train"):
        before = sorted(path.name for path in (place / "out").rglob("*"))
        assert main(VERBS[verb].split()) == 1
        assert sorted(path.name for path in (place / "out").rglob("*")) == before
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "another `ipip train` writes there" in error


@pytest.mark.parametrize(
    "command",
    [
        "label level.yaml reference.xyz --out labelled.xyz",
        "relabel reference.xyz labelled.xyz --student student.pt",
        "sample level.yaml start.xyz --out labelled.xyz --steps 1",
    ],
)
def test_a_file_that_another_process_writes_is_not_touched(
    command: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(place)
    with hold_file(place / "labelled.xyz", "label"):
        assert main(command.split()) == 1
    assert "labelled.xyz: another `ipip label` writes there" in capsys.readouterr().err
    assert not list(place.glob("*labelled*"))


@pytest.mark.parametrize(
    "work",
    [
        lambda out: harvest_dumps([], Path("none.pt"), HarvestRunSettings(), out),
        lambda out: species_of_dump(Path("none.dump"), SpeciesSettings(), out),
        lambda out: run_stability(
            [], StabilityProtocol(system=SystemSettings(file=Path("none.xyz"))), out
        ),
    ],
)
def test_functions_behind_other_verbs_do_too(
    work: Callable[[Path], object], tmp_path: Path
) -> None:
    with hold_folder(tmp_path, "harvest"), pytest.raises(InUseError, match="writes there"):
        work(tmp_path)


def test_a_second_process_of_mpirun_is_no_second_training(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["train", str(place / "train.yaml"), "--quiet", "--dir", str(place / "out2")]
    lock = place / "out2" / ".lock"
    with subprocess.Popen([BIN / "ipip", *command], env=os.environ | {"PMI_SIZE": "2"}) as first:
        while not (lock.exists() and lock.read_text()):
            assert first.poll() is None
            time.sleep(0.05)
        monkeypatch.setenv("PMI_SIZE", "2")
        assert main(command) == 1
        assert first.poll() is None
        first.terminate()
    error = capsys.readouterr().err
    assert f"another `ipip train` writes there (process {first.pid} on" in error
    assert "2 processes were started together: start one, without mpirun or srun" in error
    assert lock.read_text() == ""
