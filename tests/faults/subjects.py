"""Folders to damage: finished, or killed at a stated moment, with what they must give."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from tests.faults.trial import Call, call, do
from tests.loop.conftest import plain_settings, reference_frames, without_times

from ipip.data import write_frames
from ipip.export import load_student, save_student, weights_digest
from ipip.models import build_student

PASSING = frozenset({".lock", "journal.jsonl", "progress.json"})
TIMES = ("wall_s", "us_per_atom_step", "timing_load", "file")


@dataclasses.dataclass
class Subject:
    """A folder to damage.

    Attributes:
        name: for the table.
        home: folder with inputs and the folder to damage; copied for each case.
        target: the folder to damage, relative to `home`.
        command: makes the command that continues, from a copy of `home`.
        results: reads what must come out, from a copy of `home`; and what it printed.
        force: options that let the command set damaged results aside, if there are such.
        finished: nothing but damage leads to a change of files.
        warns: where something is left out, the command says so and goes on; it says nothing else.
        verbs: other verbs on the folder, that change nothing.
        changing: verbs that change the folder, each called on a copy of its own.
        expected: results that are right.
    """

    name: str
    home: Path
    target: str
    command: Callable[[Path], list[str]]
    results: Callable[[Path, Call], Any]
    force: tuple[str, ...] = ()
    finished: bool = True
    warns: bool = False
    verbs: tuple[tuple[str, ...], ...] = ()
    changing: tuple[tuple[str, ...], ...] = ()
    expected: list[Any] = dataclasses.field(default_factory=list)

    @property
    def folder(self) -> Path:
        """What is damaged."""
        return self.home / self.target

    def files(self) -> list[str]:
        """Every file of the folder, and every link, by its path there."""
        return [
            path.relative_to(self.folder).as_posix()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() or path.is_symlink()
        ]

    def outputs(self) -> frozenset[str]:
        """Files that a manifest has a digest of."""
        found = set()
        for path in self.folder.rglob("manifest.json"):
            stage = path.parent.relative_to(self.folder).as_posix()
            found |= {f"{stage}/{name}" for name in json.loads(path.read_text())["outputs"]}
        return frozenset(found)

    def learn(self, scratch: Path, *without: str) -> Subject:
        """Note what comes out of the folder as it is, but for some files that are gone.

        A finished folder has to give what it gave.
        """
        home = scratch / f"learn-{len(self.expected)}"
        shutil.copytree(self.home, home, symlinks=True)
        for name in without:
            (home / self.target / name).unlink()

        def work() -> Any:
            ended = call(*self.command(home))
            assert ended.status == 0, ended
            return self.results(home, ended)

        found = do(work)
        assert not isinstance(found, str), found
        if found not in self.expected:
            self.expected.append(found)
        shutil.rmtree(home)
        assert not self.finished or len(self.expected) == 1, self.expected
        return self


def plain_results(value: Any) -> Any:
    """Drop measured times and paths of copies."""
    if isinstance(value, dict):
        return {k: plain_results(v) for k, v in value.items() if k not in TIMES}
    return [plain_results(item) for item in value] if isinstance(value, list) else value


def student_of(path: Path) -> str:
    """Digest of the weights in a model file, or what is wrong with it."""
    try:
        return weights_digest(load_student(path).state_dict())
    except Exception as error:
        return f"no student: {error}"


# --- the loop


def write_loop_inputs(home: Path, restart_interval: int = 0) -> None:
    """Write settings and data of a run of one round that takes seconds.

    Without restart files of student MD, a killed run gives bit for bit what an unbroken one does.
    """
    home.mkdir(parents=True)
    frames = reference_frames(12, seed=1)
    write_frames(home / "reference.xyz", frames)
    write_frames(home / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    settings = plain_settings(home)
    settings["student_md"] |= {"restart_interval": restart_interval}
    settings["teacher_md"] |= {"checkpoint_interval": 8}
    (home / "config.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))


def loop_command(home: Path) -> list[str]:
    return ["run", str(home / "config.yaml"), "--dir", str(home / "run")]


def loop_results(home: Path, _call: Call) -> Any:
    run = home / "run"
    return {
        "summary": without_times(json.loads((run / "summary.json").read_text())),
        "ledger": (run / "ledger.csv").read_text(),
        "best": student_of(run / "best/student.pt"),
    }


LOOP_VERBS = (("status", "run"), ("ledger", "run"), ("info", "run/best/student.pt"))
LOOP_CHANGES = (("gc", "run"), ("rewind", "run", "round_001/40_finetune"), ("report", "run"))


def finished_loop(scratch: Path) -> Subject:
    home = scratch / "loop"
    write_loop_inputs(home)
    must_end_well(loop_command(home))
    subject = Subject("a finished run", home, "run", loop_command, loop_results, ("--yes",))
    subject.verbs, subject.changing = LOOP_VERBS, LOOP_CHANGES
    subject.expected.append(loop_results(home, NOTHING))
    return subject.learn(scratch)


def killed_loop(scratch: Path, name: str, moment: Callable[[], None]) -> Subject:
    """A run that was killed at a moment, which `moment` prepares in the process to be killed."""
    home = scratch / name.replace(" ", "-").replace("'", "")
    write_loop_inputs(home, restart_interval=12)
    must_be_killed(loop_command(home), moment)
    subject = Subject(name, home, "run", loop_command, loop_results, ("--yes",), finished=False)
    subject.verbs, subject.changing = LOOP_VERBS[:2], LOOP_CHANGES[:2]
    return subject


def loop_in_student_md(scratch: Path) -> Subject:
    """Killed when the second run of the first student's MD had ended, and was not judged.

    A run of MD that goes on from a restart file has other noise than one that was not killed, and
    one that is damaged goes on, or begins anew: each of these is right.
    """
    subject = killed_loop(scratch, "a run killed in student MD", kill_before_second_verdict)
    for folder in sorted((subject.folder / "round_001/10_explore/runs").iterdir()):
        place = folder.relative_to(subject.folder)
        verdict = [f"{place}/verdict.json"] if judged(folder) else []
        pair = [f"{place}/restart.{letter}" for letter in "ab"]
        for gone in ([], pair[:1], pair[1:], pair):
            subject.learn(scratch, *verdict, *gone)
    return subject.learn(scratch)


def loop_in_training(scratch: Path) -> Subject:
    subject = killed_loop(scratch, "a run killed in a training", kill_after_second_epoch)
    return subject.learn(scratch)


def loop_in_teacher_md(scratch: Path) -> Subject:
    subject = killed_loop(scratch, "a run killed in the teacher's MD", kill_after_teacher_state)
    return subject.learn(scratch)


# --- a training of its own; its folder knows where its data lie, so they are not copied


def write_train_inputs(inputs: Path) -> None:
    inputs.mkdir(exist_ok=True)
    write_frames(inputs / "frames.xyz", reference_frames(12, seed=1))
    settings = {
        "data": [{"path": "frames.xyz", "keys": {"group": "traj"}}],
        "split": {"valid": 3, "test": 3},
        "student": {"channels": 8, "layers": 1, "cutoff": 4.0},
        "training": {"max_epochs": 3, "warmup_steps": 2, "batch_size": 4, "tensorboard": False},
        "seed": 5,
    }
    (inputs / "small.yaml").write_text(yaml.safe_dump(settings, sort_keys=False))


def training(scratch: Path, name: str, finished: bool) -> Subject:
    inputs, home = scratch / "train-inputs", scratch / f"train-{finished}"
    write_train_inputs(inputs)

    def command(home: Path) -> list[str]:
        return ["train", str(inputs / "small.yaml"), "--dir", str(home / "out"), "--json"]

    def results(home: Path, _call: Call) -> Any:
        report = plain_results(json.loads((home / "out/test.json").read_text()))
        return {"report": report, "student": student_of(home / "out/student.pt")}

    subject = Subject(name, home, "out", command, results, finished=finished)
    if finished:
        must_end_well(command(home))
        subject.verbs = (
            ("info", "out/student.pt"),
            ("eval", "out/student.pt", str(inputs / "frames.xyz"), "--json"),
        )
        subject.expected.append(results(home, NOTHING))
    else:
        must_be_killed(command(home), kill_after_second_epoch)
    return subject.learn(scratch)


# --- a stability protocol, and a harvest of its dumps


def write_stability_inputs(inputs: Path) -> None:
    inputs.mkdir(exist_ok=True)
    student = build_student("painn", ["Cu", "Au"], seed=7, channels=8, layers=1, cutoff=4.0)
    student.set_energy_scale([-3.0, -5.0], 0.01, 0.1)
    save_student(student, inputs / "student.pt")
    frames = reference_frames(1, seed=1)
    write_frames(inputs / "start.xyz", [frames[0].replace(energy=None, forces=None)])
    md = {"steps": 40, "temperature": 300.0, "minimize_steps": 0, "restart_interval": 15}
    md |= {"ring_frames": 3, "frame_interval": 10}
    protocol = {"system": {"file": "start.xyz"}, "runs": 2, "md": md, "keep_dumps": "all"}
    (inputs / "protocol.yaml").write_text(yaml.safe_dump(protocol, sort_keys=False))


def stability(scratch: Path, name: str, finished: bool) -> Subject:
    inputs, home = scratch / "stability-inputs", scratch / f"stability-{finished}"
    write_stability_inputs(inputs)

    def command(home: Path) -> list[str]:
        given = ["stability", str(inputs / "student.pt"), "--config", str(inputs / "protocol.yaml")]
        return [*given, "--dir", str(home / "out"), "--workers", "1", "--json"]

    def results(home: Path, _call: Call) -> Any:
        return {
            "summary": plain_results(json.loads((home / "out/summary.json").read_text())),
            "survival": (home / "out/survival.csv").read_text(),
        }

    subject = Subject(name, home, "out", command, results, finished=finished)
    if finished:
        must_end_well(command(home))
        subject.expected.append(results(home, NOTHING))
    else:
        must_be_killed(command(home), kill_before_second_verdict)
    return subject.learn(scratch)


def dumps_to_harvest(scratch: Path) -> Subject:
    """Runs of student MD that nobody has harvested yet."""
    ran = stability(scratch, "", finished=True)
    student = str(scratch / "stability-inputs/student.pt")

    def command(home: Path) -> list[str]:
        given = ["harvest", str(home / "out"), "--student", student, "--frames", "3"]
        return [*given, "--dir", str(home / "harvest"), "--json"]

    def results(home: Path, _call: Call) -> Any:
        return {"frames": (home / "harvest/frames.xyz").read_text()}

    subject = Subject("student MD to `ipip harvest`", ran.home, "out", command, results, warns=True)
    return subject.learn(scratch)


SUBJECTS: dict[str, Callable[[Path], Subject]] = {
    "loop": finished_loop,
    "student-md": loop_in_student_md,
    "training": loop_in_training,
    "teacher-md": loop_in_teacher_md,
    "train": lambda scratch: training(scratch, "a finished `ipip train`", True),
    "train-killed": lambda scratch: training(scratch, "a killed `ipip train`", False),
    "stability": lambda scratch: stability(scratch, "a finished `ipip stability`", True),
    "stability-killed": lambda scratch: stability(scratch, "a killed `ipip stability`", False),
    "harvest": dumps_to_harvest,
}

# --- ends, and kills at a stated moment

NOTHING = Call((), 0, "", "")


def must_end_well(command: list[str]) -> None:
    ended = do(lambda: call(*command))
    assert isinstance(ended, Call) and ended.status == 0, ended


def must_be_killed(command: list[str], moment: Callable[[], None]) -> None:
    def work() -> Any:
        moment()
        return call(*command)

    ended = do(work)
    assert ended == f"signal {int(signal.SIGKILL)}", ended


def judged(folder: Path) -> bool:
    return (folder / "verdict.json").exists()


def kill_before_second_verdict() -> None:
    """Die where the second run of a stage of student MD would get its verdict."""
    from ipip.lammps import run

    write = run.write_verdict

    def killed(folder: Path, digest: str, verdict: Any) -> None:
        others = [path for path in folder.parent.glob("*/verdict.json") if path.parent != folder]
        if others:
            die()
        write(folder, digest, verdict)

    run.write_verdict = killed


def kill_after_second_epoch() -> None:
    from ipip.train.checkpoints import BestAndLast

    write = BestAndLast.__call__

    def killed(self: BestAndLast, module: Any) -> None:
        write(self, module)
        if module.current_epoch == 1 and "round_000" not in str(self.folder):
            die()

    BestAndLast.__call__ = killed  # type: ignore[method-assign]


def kill_after_teacher_state() -> None:
    from ipip.teachers.checkpoint import MDCheckpoint

    save = MDCheckpoint.save

    def killed(self: MDCheckpoint, header: Any, arrays: Any) -> None:
        save(self, header, arrays)
        if np.any(header.get("step", 0)):
            die()

    MDCheckpoint.save = killed  # type: ignore[method-assign]


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
