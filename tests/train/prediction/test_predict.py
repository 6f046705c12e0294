"""Predictions, features and errors of frames."""

from __future__ import annotations

import numpy as np
import pytest

from ipip import evaluation
from ipip.data import Frame
from ipip.errors import InputError
from ipip.evaluation import metrics
from ipip.evaluation.core import CoreStudent
from ipip.models import Student, build_student
from ipip.network.eager import NetworkStudent
from ipip.train import frame_features, predict
from ipip.train.prediction.opened import open_in_memory


@pytest.fixture
def precise() -> Student:
    """A float64 student with an energy scale."""
    student = build_student(
        "painn", ["Cu", "Au"], seed=3, channels=8, layers=2, cutoff=4.0, dtype="float64"
    )
    student.set_energy_scale([-1.0, -2.0], 2.0, 0.1)
    return student


def test_predictions_do_not_depend_on_the_batch(copper: list[Frame], precise: Student) -> None:
    together = predict(precise, copper)
    for other in (
        predict(precise, copper, batch_size=1),
        predict(precise, copper, batch_size=7, max_edges=500),
    ):
        for one, two in zip(together, other, strict=True):
            assert one.energy == pytest.approx(two.energy, rel=1e-12)
            assert np.allclose(one.forces, two.forces, atol=1e-10)
            assert np.allclose(one.stress, two.stress, atol=1e-12)
    assert [frame.info for frame in together] == [frame.info for frame in copper]
    assert all(p.requires_grad for p in precise.parameters())
    assert all(p.grad is None for p in precise.parameters())


def test_predicted_forces_and_stress_are_derivatives_of_the_energy(
    copper: list[Frame], precise: Student
) -> None:
    frame = copper[1]
    (labelled,) = predict(precise, [frame])
    assert labelled.forces is not None and labelled.stress is not None
    step = 1e-5

    def energy(moved: Frame) -> float:
        value = predict(precise, [moved])[0].energy
        assert value is not None
        return value

    shift = np.zeros_like(frame.positions)
    shift[2, 1] = step
    up, down = (energy(frame.replace(positions=frame.positions + s * shift)) for s in (1, -1))
    assert -(up - down) / (2 * step) == pytest.approx(labelled.forces[2, 1], abs=1e-6)

    def strained(amount: float) -> float:
        strain = np.eye(3)
        strain[0, 0] += amount
        return energy(frame.replace(positions=frame.positions @ strain, cell=frame.cell @ strain))

    derivative = (strained(step) - strained(-step)) / (2 * step) / frame.volume
    assert derivative == pytest.approx(labelled.stress[0, 0], abs=1e-7)


def test_open_frames_have_no_stress_and_single_atoms_no_forces(precise: Student) -> None:
    atom = Frame(np.array([29]), np.zeros((1, 3)), np.zeros((3, 3)), np.zeros(3, bool))
    (labelled,) = predict(precise, [atom])
    assert labelled.stress is None
    assert labelled.forces is not None and not labelled.forces.any()
    assert predict(precise, []) == []


def test_features_are_invariant_and_distinguish_frames(
    copper: list[Frame], precise: Student
) -> None:
    rows = frame_features(precise, copper)
    assert rows.shape == (len(copper), 16)
    order = np.array([2, 0, 3, 1])
    permuted = copper[4].replace(
        numbers=copper[4].numbers[order], positions=copper[4].positions[order] + 0.7
    )
    assert np.allclose(frame_features(precise, [permuted])[0], rows[4], atol=1e-10)
    assert np.abs(rows[0] - rows[3]).max() > 1e-3


def test_features_match_the_network_by_kernels_and_without(
    copper: list[Frame], precise: Student
) -> None:
    assert isinstance(open_in_memory(precise), CoreStudent)
    from_network = evaluation.frame_features(NetworkStudent(precise), copper)
    assert np.allclose(frame_features(precise, copper), from_network, rtol=1e-9, atol=1e-10)
    visnet = build_student("visnet", ["Cu", "Au"], seed=3, channels=8, attention_heads=2, layers=1)
    assert isinstance(open_in_memory(visnet), NetworkStudent)
    assert frame_features(visnet, copper).shape == (len(copper), 16)


def test_foreign_elements_are_refused(copper: list[Frame]) -> None:
    student = build_student("painn", ["Cu"], seed=1, channels=8, layers=1)
    with pytest.raises(InputError, match="Au"):
        predict(student, copper)


def pair(energy: float | None, forces: object, kind: str, second: int = 16) -> Frame:
    return Frame(
        np.array([8, second]),
        np.array([[0.0, 0, 0], [1.5, 0, 0]]),
        np.zeros((3, 3)),
        np.zeros(3, bool),
        energy=energy,
        forces=None if forces is None else np.array(forces, dtype=float),
        info={"config_type": kind},
    )


def test_metrics_by_hand() -> None:
    reference = [pair(1.0, np.zeros((2, 3)), "a"), pair(2.0, np.zeros((2, 3)), "b", second=8)]
    predicted = [
        pair(1.2, [[3, 0, 0], [0, 0, 0]], "a"),
        pair(1.6, [[0, 0, 0], [0, -6, 0]], "b", second=8),
    ]
    m = metrics(reference, predicted)
    assert (m["n_frames"], m["n_atoms"]) == (2, 4)
    assert m["force_mae_ev_per_a"] == pytest.approx(9 / 12)
    assert m["force_rmse_ev_per_a"] == pytest.approx(np.sqrt(45 / 12))
    assert m["energy_mae_mev_per_atom"] == pytest.approx(150.0)
    assert m["by_element"]["S"]["force_mae_ev_per_a"] == 0.0
    assert m["by_element"]["O"]["force_mae_ev_per_a"] == pytest.approx(1.0)
    assert m["by_config_type"]["a"]["energy_mae_mev_per_atom"] == pytest.approx(100.0)
    assert m["by_config_type"]["b"]["n_frames"] == 1


def test_unknown_labels_do_not_count_but_broken_predictions_do() -> None:
    reference = [pair(None, None, "a"), pair(1.0, np.zeros((2, 3)), "a")]
    predicted = [pair(1.0, np.ones((2, 3)), "a"), pair(1.0, np.full((2, 3), np.nan), "a")]
    m = metrics(reference, predicted)
    assert m["energy_mae_mev_per_atom"] == 0.0
    assert np.isnan(m["force_mae_ev_per_a"])


def test_metrics_need_the_same_frames() -> None:
    with pytest.raises(InputError, match="1 predicted frames for 2"):
        metrics([pair(1.0, None, "a")] * 2, [pair(1.0, None, "a")])
    with pytest.raises(InputError, match="different atoms"):
        metrics([pair(1.0, None, "a")], [pair(1.0, None, "a", second=8)])
