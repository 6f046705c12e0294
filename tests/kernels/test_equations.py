"""The equations of docs/kernels.md and docs/students.md (Schütt et al. 2021), written plainly."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ipip import _core
from ipip.models import Student
from tests.kernels.conftest import CUTOFF, System, a_liquid, tamed

Weights = dict[str, np.ndarray]


def silu(z: np.ndarray) -> np.ndarray:
    return z / (1 + np.exp(-z))


def linear(weights: Weights, name: str, x: np.ndarray) -> np.ndarray:
    return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", np.zeros(1))


def energy(weights: Weights, layers: int, system: System, norm_epsilon: float = 1e-8) -> float:
    """Sum over atoms, with loops over them and their pairs."""
    n, F = system.n, weights["embedding.weight"].shape[1]
    s, v = weights["embedding.weight"][system.species], np.zeros((n, 3, F))
    distance = np.linalg.norm(system.edge_vec, axis=1)
    frequencies = weights["basis.offsets"]
    for layer in range(layers):
        phi = linear(
            weights,
            f"messages.{layer}.context.2",
            silu(linear(weights, f"messages.{layer}.context.0", s)),
        )
        new_s, new_v = s.copy(), v.copy()
        for (i, j), r, d in zip(system.edge_index.T, system.edge_vec, distance, strict=True):
            x = d / CUTOFF
            envelope = 1 - 28 * x**6 + 48 * x**7 - 21 * x**8
            w = envelope * linear(weights, f"filters.{layer}", np.sin(frequencies * d) / d)
            w_s, w_vs, w_vv = np.split(w, 3)
            phi_s, phi_vs, phi_vv = np.split(phi[j], 3)
            new_s[i] += phi_s * w_s
            new_v[i] += np.outer(r / d, phi_vs * w_vs) + v[j] * phi_vv * w_vv
        s, v = new_s, new_v
        V, U = np.split(weights[f"updates.{layer}.mix.weight"], 2)
        Vv, Uv = v @ V.T, v @ U.T
        q = np.concatenate([s, np.sqrt((Vv**2).sum(1) + norm_epsilon)], axis=1)
        update = f"updates.{layer}.context"
        a = linear(weights, f"{update}.2", silu(linear(weights, f"{update}.0", q)))
        a_ss, a_vv, a_sv = np.split(a, 3, axis=1)
        s = s + a_ss + a_sv * (Uv * Vv).sum(1)
        v = v + a_vv[:, None] * Uv
    atoms = linear(weights, "readout.2", silu(linear(weights, "readout.0", s))).mean(1)
    scale, shift = weights["scale"], weights["shift"] + weights["reference_energies"]
    return float((scale[system.species] * atoms + shift[system.species]).sum())


def test_kernels_and_network_are_the_equations(
    make_student: Callable[..., Student], run: Callable[..., _core.Student]
) -> None:
    student, system = tamed(make_student(channels=5, layers=3, n_heads=2)), a_liquid(9)
    weights = {name: array.numpy() for name, array in student.state_dict().items()}
    expected = energy(weights, 3, system)
    found = run(student).compute(*system.arguments())["energy"]
    eager = run(student, backend="torchscript").compute(*system.arguments())["energy"]
    size = abs(expected)
    np.testing.assert_allclose([found, eager], expected, rtol=0, atol=1e-9 * size)
