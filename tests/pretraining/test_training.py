"""Trainings by each method: results, counts and refusals."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from ase.build import bulk
from ase.calculators.emt import EMT

from ipip.config.pretraining import HessianMethod, PretrainSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.errors import InputError
from ipip.models import build_student
from ipip.pretraining.distillation import HessianObjective
from ipip.pretraining.teacher_targets import draw_frames, query_rows
from ipip.pretraining.training import fit_by_method
from ipip.train.fitting.termination import TerminatedError

TEACHER = TeacherSettings(kind="ase", import_path="ase.calculators.emt:EMT")
SYMBOLS = ["Cu", "Au"]


def alloy(seed: int) -> Frame:
    atoms = bulk("Cu", "fcc", a=3.85, cubic=True)
    atoms.numbers[seed % 2] = 79
    atoms.rattle(0.1, seed=seed)
    atoms.calc = EMT()
    return Frame.from_atoms(atoms).replace(
        energy=float(atoms.get_potential_energy()), forces=atoms.get_forces()
    )


@pytest.fixture(scope="module")
def alloys() -> list[Frame]:
    return [alloy(seed) for seed in range(8)]


def settings(method: object, **changes: object) -> PretrainSettings:
    values = {
        "max_epochs": 3,
        "batch_size": 4,
        "tensorboard": False,
        "warmup_steps": 2,
        "method": method,
    }
    return PretrainSettings.model_validate(values | changes)


def student(**changes):
    arguments = {"channels": 16, "layers": 2, "cutoff": 4.0} | changes
    return build_student("painn", SYMBOLS, seed=3, **arguments)


def train(method, frames, folder, **changes):
    return fit_by_method(
        student(),
        frames[:6],
        frames[6:],
        settings(method, **changes),
        folder / "training",
        seed=5,
        teacher=TEACHER,
        target_folder=folder / "teacher",
        progress=False,
    )


def test_hessian_rows_match_the_teachers_and_are_counted(alloys, tmp_path):
    """Against rows from the same calculator in this process."""
    method = HessianMethod(rows=2, max_calls=12)
    rows, calls = query_rows(method, alloys, TEACHER, tmp_path, seed=4)
    assert calls == 12
    assert len(rows) == 3
    for index, (coordinates, found) in rows.items():
        atoms = alloys[index].to_atoms()
        atoms.calc = EMT()
        for (atom, axis), row in zip(coordinates, found, strict=True):
            forces = []
            for sign in (1, -1):
                moved = atoms.copy()
                moved.calc = EMT()
                moved.positions[atom, axis] += sign * method.step
                forces.append(moved.get_forces())
            np.testing.assert_allclose(row, -(forces[0] - forces[1]) / (2 * method.step), atol=1e-9)


def test_requested_rows_are_not_requested_again(alloys, tmp_path):
    method = HessianMethod(max_calls=4)
    first, _ = query_rows(method, alloys, TEACHER, tmp_path, seed=4)
    deaf = TEACHER.model_copy(update={"interpreter": tmp_path / "none"})
    again, calls = query_rows(method, alloys, deaf, tmp_path, seed=4)
    assert calls == 4
    assert list(first) == list(again)
    for index in first:
        np.testing.assert_array_equal(first[index][1], again[index][1])


def test_frames_are_drawn_as_far_as_the_evaluations_reach():
    assert draw_frames(HessianMethod(), 5, seed=1) == [0, 1, 2, 3, 4]
    assert draw_frames(HessianMethod(max_calls=100), 5, seed=1) == [0, 1, 2, 3, 4]
    assert len(set(draw_frames(HessianMethod(max_calls=21), 50, seed=1))) == 10
    assert HessianMethod(max_calls=21).calls(50) == 20


def test_hessian_rows_are_learnt(alloys, tmp_path):
    """With the same steps the rows are matched better than by labels alone."""
    frames, steps = alloys[:6], {"max_epochs": 20, "learning_rate": 0.01, "ema_decay": 0.9}
    method = HessianMethod(rows=4, weight=0.3)
    rows, _ = query_rows(method, frames, TEACHER, tmp_path / "teacher", seed=5)
    judge = HessianObjective(method, [len(frame) for frame in frames], rows)

    def missed(kind) -> float:
        found = train(kind, alloys, tmp_path / str(kind)[:6], **steps).fit.student
        return _loss(judge, found, frames)

    assert missed(method.model_dump()) < 0.5 * missed("labels")


def _loss(objective, trained, frames) -> float:
    from ipip.network.dataset import GraphDataset
    from ipip.network.graph import join_graphs

    dataset = GraphDataset(frames, trained.symbols, trained.cutoff)
    dataset.extras = objective.extras
    batch = join_graphs(dataset.graphs)
    loss, _ = objective.loss(trained, lambda *_: None, batch, torch.Generator())
    return float(loss.detach())


@pytest.mark.parametrize("kind", ["frad", "gpip"])
def test_methods_without_labels_read_none(kind, alloys, tmp_path):
    """Other labels, the same weights; the energy scale is the caller's."""
    other = [frame.replace(energy=frame.energy + 3, forces=2 * frame.forces) for frame in alloys]
    bare = [frame.replace(energy=None, forces=None) for frame in alloys]
    found = [
        train(kind, frames, tmp_path / str(number), references="keep").fit
        for number, frames in enumerate((alloys, other, bare))
    ]
    first = found[0].student.state_dict()
    assert found[0].student.symbols == SYMBOLS
    assert found[0].history[-1]["train_loss"] < found[0].history[0]["train_loss"]
    for fit in found[1:]:
        for name, value in fit.student.state_dict().items():
            assert torch.equal(value, first[name]), name


@pytest.mark.parametrize("method", [{"kind": "hessian", "max_calls": 6}, "frad", "gpip"])
def test_a_training_that_is_ended_within_an_epoch_resumes_to_the_same_weights(
    method, alloys, tmp_path, monkeypatch
):
    unbroken = train(method, alloys, tmp_path / "unbroken", batch_size=1).fit
    _end_after(8, monkeypatch)
    with pytest.raises(TerminatedError):
        train(method, alloys, tmp_path / "broken", batch_size=1)
    monkeypatch.undo()
    resumed = train(method, alloys, tmp_path / "broken", batch_size=1).fit
    for name, value in unbroken.student.state_dict().items():
        assert torch.equal(resumed.student.state_dict()[name], value), name
    for before, after in zip(unbroken.history, resumed.history, strict=True):
        assert after["train_objective"] == pytest.approx(before["train_objective"], rel=1e-12)
        assert after["train_loss"] == pytest.approx(before["train_loss"], rel=1e-9)


def _end_after(steps: int, monkeypatch) -> None:
    """Request the end of the session, as SIGTERM does, after some steps."""
    from ipip.train.fitting import session
    from ipip.train.fitting.termination import Termination

    class Soon(Termination):
        reads = 0

        @property
        def requested(self) -> bool:
            self.reads += 1
            return self.reads > steps

        @requested.setter
        def requested(self, _: bool) -> None:
            pass

    monkeypatch.setattr(session, "Termination", Soon)


def test_gradients_of_a_method_match_eager_pytorch(alloys, tmp_path):
    """Kernels give the energies and forces of denoising, PyTorch the rest."""
    kernels, eager = (
        train("gpip", alloys, tmp_path / name, kernels=name, max_epochs=1).fit
        for name in ("kernels", "eager")
    )
    for name, value in eager.student.state_dict().items():
        torch.testing.assert_close(kernels.student.state_dict()[name], value, atol=2e-4, rtol=2e-3)


def test_the_training_of_another_method_is_not_continued(alloys, tmp_path):
    train("frad", alloys, tmp_path)
    with pytest.raises(InputError, match="holds a different training"):
        train({"kind": "frad", "tau": 0.1}, alloys, tmp_path)


@pytest.mark.parametrize("kind", ["n2n", "a2a"])
def test_a_teacher_without_features_is_refused(kind, alloys, tmp_path):
    with pytest.raises(InputError, match="teacher 'ase' has no features of atoms; expected sev"):
        train(kind, alloys, tmp_path)


def test_only_an_objective_adds_columns_to_the_table(alloys, tmp_path):
    plain = train("labels", alloys, tmp_path)
    assert plain.teacher_calls == 0
    head = (tmp_path / "training" / "metrics.csv").read_text().splitlines()[0]
    assert "train_objective" not in head
    train("frad", alloys, tmp_path / "frad")
    head = (tmp_path / "frad" / "training" / "metrics.csv").read_text().splitlines()[0]
    assert head.endswith("train_objective")
