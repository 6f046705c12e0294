"""What every student must satisfy; `test_contract.py` runs it for each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from ipip.export.model_file import load_scripted, save_student
from ipip.graph import neighbor_list
from ipip.models import Student
from ipip.network import energy_and_forces
from tests.models.systems import (
    dimer,
    evaluate,
    rotation,
    system,
    visited_cluster,
)

Make = Callable[..., Student]


class StudentContract:
    """Tests that ask for a fixture `make`: the student, in float64 and with random biases."""

    def test_forces_are_the_numerical_gradient_of_the_energy(self, make: Make) -> None:
        student = make()
        points, cell, species = system()
        _, forces, _ = evaluate(student, points, cell, species)
        h = 1e-4
        for atom, axis in [(0, 0), (3, 1), (7, 2)]:
            step = np.zeros_like(points)
            step[atom, axis] = h
            plus = evaluate(student, points + step, cell, species)[0]
            minus = evaluate(student, points - step, cell, species)[0]
            assert -(plus - minus) / (2 * h) == pytest.approx(
                forces[atom, axis], abs=2e-6 * np.abs(forces).max()
            )
        every = h * np.random.default_rng(9).normal(size=points.shape)
        plus = evaluate(student, points + every, cell, species)[0]
        minus = evaluate(student, points - every, cell, species)[0]
        expected = -2 * (forces * every).sum()
        assert plus - minus == pytest.approx(expected, abs=2e-5 * np.linalg.norm(every * forces))

    def test_strain_derivative_is_numerical(self, make: Make) -> None:
        student = make()
        points, cell, species = system()
        _, _, strain = evaluate(student, points, cell, species)
        h = 1e-5
        for a, b in [(0, 0), (1, 2), (2, 0)]:
            bend = np.zeros((3, 3))
            bend[a, b] = h
            plus, minus = np.eye(3) + bend, np.eye(3) - bend
            up = evaluate(student, points @ plus, cell @ plus, species)[0]
            down = evaluate(student, points @ minus, cell @ minus, species)[0]
            assert (up - down) / (2 * h) == pytest.approx(
                strain[a, b], abs=2e-6 * np.abs(strain).max()
            )
        np.testing.assert_allclose(strain, strain.T, atol=1e-10 * np.abs(strain).max())

    @pytest.mark.parametrize("mirror", [False, True])
    def test_rotation_and_reflection_turn_the_forces(self, make: Make, mirror: bool) -> None:
        student = make()
        points, cell, species = system()
        turn = rotation(3) * (-1.0 if mirror else 1.0)
        e, f, _ = evaluate(student, points, cell, species)
        e_turned, f_turned, _ = evaluate(student, points @ turn, cell @ turn, species)
        assert e_turned == pytest.approx(e, rel=1e-12)
        np.testing.assert_allclose(f_turned, f @ turn, atol=1e-11 * np.abs(f).max())

    def test_translation_and_wrapping_change_nothing(self, make: Make) -> None:
        student = make()
        points, cell, species = system()
        e, f, _ = evaluate(student, points, cell, species)
        moved = points + np.array([11.3, -4.2, 0.7])
        wrapped = (moved @ np.linalg.inv(cell) % 1.0) @ cell
        for other in (moved, wrapped):
            e_other, f_other, _ = evaluate(student, other, cell, species)
            assert e_other == pytest.approx(e, rel=1e-12)
            np.testing.assert_allclose(f_other, f, atol=1e-10 * np.abs(f).max())

    def test_permutation_permutes_the_forces(self, make: Make) -> None:
        student = make()
        points, cell, species = system()
        order = np.random.default_rng(4).permutation(len(points))
        e, f, _ = evaluate(student, points, cell, species)
        e_other, f_other, _ = evaluate(student, points[order], cell, species[order])
        assert e_other == pytest.approx(e, rel=1e-12)
        np.testing.assert_allclose(f_other, f[order], atol=1e-11 * np.abs(f).max())

    def test_energy_is_extensive(self, make: Make) -> None:
        student = make()
        points, cell, species = system(length=4.5, n=6)
        e, f, w = evaluate(student, points, cell, species)
        double = cell * np.array([[2.0], [1], [1]])
        e2, f2, w2 = evaluate(
            student,
            np.concatenate([points, points + cell[0]]),
            double,
            np.concatenate([species, species]),
        )
        assert e2 == pytest.approx(2 * e, rel=1e-12)
        np.testing.assert_allclose(f2, np.concatenate([f, f]), atol=1e-11 * np.abs(f).max())
        np.testing.assert_allclose(w2, 2 * w, atol=1e-10 * np.abs(w).max())

    def test_nothing_jumps_at_the_cutoff(self, make: Make) -> None:
        student = make()
        apart, still = visited_cluster(student, -1e-9)
        seen = [visited_cluster(student, gap) for gap in (1e-2, 1e-3, 1e-4)]
        energies = [abs(energy - apart) for energy, _ in seen]
        forces = [np.abs(force - still).max() for _, force in seen]
        # polynomial envelope: energy ~ gap^3, force ~ gap^2
        assert energies[0] > 1e-10
        assert energies[1] < 2e-3 * energies[0] and energies[2] < 2e-3 * energies[1] + 1e-13
        assert forces[1] < 2e-2 * forces[0] and forces[2] < 2e-2 * forces[1] + 1e-14

    def test_a_lone_atom_and_a_far_pair_have_finite_energies_and_no_force(self, make: Make) -> None:
        student = make()
        alone, forces, _ = evaluate(
            student, np.zeros((1, 3)), np.zeros((3, 3)), np.array([0]), False
        )
        sulphur, _, _ = evaluate(student, np.zeros((1, 3)), np.zeros((3, 3)), np.array([1]), False)
        assert np.isfinite(alone) and not forces.any()
        pair, forces = dimer(student, 30.0)
        assert pair == pytest.approx(alone + sulphur, rel=1e-13) and not forces.any()

    @pytest.mark.parametrize("distance", [1.9, 30.0, None])
    def test_training_has_finite_gradients_for_isolated_pairs_far_pairs_and_lone_atoms(
        self, make: Make, distance: float | None
    ) -> None:
        student = make()
        points = np.array([[0.0, 0, 0], [0, 0, distance or 0.0], [80, 0, 0]])
        kind = np.array([1, 1, 0])
        if distance is None:
            points, kind = points[:1], kind[:1]
        edge_index, edge_vec = neighbor_list(points, np.zeros((3, 3)), False, student.cutoff)
        energy, forces, strain = energy_and_forces(
            student,
            torch.as_tensor(kind),
            torch.as_tensor(edge_index),
            torch.as_tensor(edge_vec),
            create_graph=True,
        )
        (energy.sum() ** 2 + (forces**2).sum() + (strain**2).sum()).backward()
        gradients = [p.grad for p in student.parameters() if p.grad is not None]
        assert gradients and all(bool(torch.isfinite(g).all()) for g in gradients)
        assert any(bool(g.any()) for g in gradients)

    def test_force_gradients_match_finite_differences_in_the_weights(self, make: Make) -> None:
        student = make()
        points, cell, species = system(n=6, length=5.0)
        edge_index, edge_vec = (
            torch.as_tensor(a) for a in neighbor_list(points, cell, True, student.cutoff)
        )
        kind = torch.as_tensor(species)

        def loss() -> Tensor:
            _, forces, _ = energy_and_forces(student, kind, edge_index, edge_vec, create_graph=True)
            return (forces**2).sum()

        for parameter in list(student.parameters())[::5]:
            (gradient,) = torch.autograd.grad(loss(), parameter, allow_unused=True)
            if gradient is None:
                continue
            at = int(gradient.abs().argmax())
            with torch.no_grad():
                values = parameter.view(-1)
                kept = float(values[at])
                h = 1e-5 * max(1.0, abs(kept))
                values[at] = kept + h
                up = float(loss())
                values[at] = kept - h
                down = float(loss())
                values[at] = kept
            assert (up - down) / (2 * h) == pytest.approx(float(gradient.view(-1)[at]), rel=2e-5)

    def test_a_very_close_pair_stays_finite(self, make: Make) -> None:
        for distance in (0.3, 1e-3):
            energy, forces = dimer(make(zbl=True), distance)
            assert np.isfinite(energy) and np.isfinite(forces).all()
            assert forces[1, 2] > 0  # pushed apart

    def test_float32_is_close_to_float64(self, make: Make) -> None:
        double, single = make(), make(dtype="float32")
        points, cell, species = system()
        e, f, _ = evaluate(double, points, cell, species)
        e32, f32, _ = evaluate(single, points, cell, species)
        assert e32 == pytest.approx(e, rel=2e-6)
        np.testing.assert_allclose(f32, f, atol=2e-5 * np.abs(f).max())

    def test_a_batch_equals_one_by_one(self, make: Make) -> None:
        student = make()
        parts, offset = [], 0
        singles = []
        for seed, n in ((0, 10), (1, 1), (2, 6)):
            points, cell, species = system(seed, n)
            singles.append(evaluate(student, points, cell, species))
            edges, vectors = neighbor_list(points, cell, True, student.cutoff)
            parts.append((species, edges + offset, vectors, np.full(n, len(parts))))
            offset += n
        kind, edges, vectors, frame = (
            torch.as_tensor(np.concatenate([p[k] for p in parts], axis=axis))
            for k, axis in ((0, 0), (1, 1), (2, 0), (3, 0))
        )
        e, f, w = energy_and_forces(student, kind, edges, vectors, frame, len(parts))
        np.testing.assert_allclose(e, [s[0] for s in singles], rtol=1e-12)
        np.testing.assert_allclose(f, np.concatenate([s[1] for s in singles]), atol=1e-11)
        np.testing.assert_allclose(w, np.stack([s[2] for s in singles]), atol=1e-10)

    def test_the_gradient_of_a_batch_is_the_sum_of_those_one_by_one(self, make: Make) -> None:
        student = make()

        def gradient(parts: list[tuple[Any, Any, Any]]) -> list[Tensor]:
            kinds, edges, vectors, frames, offset = [], [], [], [], 0
            for number, (points, cell, species) in enumerate(parts):
                index, vector = neighbor_list(points, cell, True, student.cutoff)
                kinds.append(species)
                edges.append(index + offset)
                vectors.append(vector)
                frames.append(np.full(len(points), number))
                offset += len(points)
            arrays = (np.concatenate(kinds), np.concatenate(edges, axis=1))
            arrays += (np.concatenate(vectors), np.concatenate(frames))
            e, f, w = energy_and_forces(
                student, *map(torch.as_tensor, arrays), len(parts), create_graph=True
            )
            loss = (e**2).sum() + (f**2).sum() + (w**2).sum()
            found = torch.autograd.grad(loss, list(student.parameters()), materialize_grads=True)
            return list(found)

        parts = [system(seed, n) for seed, n in ((0, 8), (1, 1), (2, 5))]
        together = gradient(parts)
        alone = [sum(each) for each in zip(*(gradient([part]) for part in parts), strict=True)]
        for one, other in zip(together, alone, strict=True):
            scale = max(float(one.abs().max()), 1e-12)
            torch.testing.assert_close(one, other, rtol=0, atol=1e-10 * scale)

    @pytest.mark.parametrize("dtype", ["float32", "float64"])
    def test_the_scripted_file_computes_the_same(
        self, make: Make, dtype: str, tmp_path: Any
    ) -> None:
        student = make(dtype=dtype)
        save_student(student, tmp_path / "student.pt")
        scripted, metadata = load_scripted(tmp_path / "student.pt")
        assert len(metadata.halo_widths) == student.layers - 1
        points, cell, species = system()
        edge_index, edge_vec = neighbor_list(points, cell, True, student.cutoff)
        inputs = (torch.as_tensor(species), torch.as_tensor(edge_index), torch.as_tensor(edge_vec))
        tolerance = {"float32": 1e-6, "float64": 1e-13}[dtype]  # TorchScript splits LayerNorm
        torch.testing.assert_close(
            scripted(*inputs, len(points)),
            student(*inputs, len(points)),
            rtol=tolerance,
            atol=tolerance,
        )
