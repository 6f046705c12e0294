"""Independence of batches, precision and order of pairs; finite results for close contacts."""

from __future__ import annotations

import numpy as np
import torch

from ipip.models import Student
from ipip.network import energy_and_forces
from ipip.physics.laws.evaluation import require_close, require_same
from ipip.physics.laws.precision import FLOAT32, FLOAT64
from ipip.physics.laws.structures import packed_box
from ipip.testing.checks import ContractError
from ipip.testing.student.graphs import graph_of, pair_of, potential
from ipip.testing.student.variants import variant


def a_batch_equals_one_by_one(student: Student) -> None:
    """Structures in one batch, including a lone atom, do not interact."""
    parts = [packed_box(student.symbols, seed, n) for seed, n in ((0, 10), (1, 1), (2, 6))]
    graph = graph_of(student, parts)
    energies, forces, strain = energy_and_forces(
        student,
        graph.species,
        graph.edge_index,
        graph.edge_vec,
        graph.frame_of_atom,
        graph.n_frames,
    )
    for index, atoms in enumerate(parts):
        alone = potential(student)(atoms)
        rows = (graph.frame_of_atom == index).numpy()
        what = f"of structure {index} ({len(atoms)} atoms) in a batch, the"
        assert alone.stress is not None
        size = max(1.0, float(np.abs(alone.forces).max()))
        for name, found, expected, unit in (
            ("energy", float(energies[index]), alone.energy, "eV"),
            ("force", forces.numpy()[rows], alone.forces, "eV/Å"),
            ("strain derivative", strain[index].numpy(), alone.stress * atoms.get_volume(), "eV"),
        ):
            bound = 1e-10 * max(size, float(np.abs(expected).max()))
            require_close(f"{what} {name}", found, expected, bound, unit)


def float32_is_close_to_float64(student: Student) -> None:
    """The same weights in float32 give the same results up to rounding."""
    atoms = packed_box(student.symbols)
    single = potential(variant(student, dtype="float32"))(atoms)
    require_same("in float32, the", single, potential(student)(atoms), FLOAT32)


def order_of_pairs_changes_nothing(student: Student) -> None:
    """Neighbours of an atom may be in any order."""
    graph = graph_of(student, [packed_box(student.symbols)])
    with torch.no_grad():
        expected = student(graph.species, graph.edge_index, graph.edge_vec, len(graph))
        order = torch.randperm(len(graph.edge_vec), generator=torch.Generator().manual_seed(1))
        receivers = graph.edge_index[0][order]
        order = order[torch.argsort(receivers, stable=True)]
        shuffled = graph.edge_index[:, order], graph.edge_vec[order]
        found = student(graph.species, *shuffled, len(graph))
    bound = FLOAT64.equality * float(expected.abs().max())
    what = "with neighbours in another order, the energy of atom"
    require_close(what, found.numpy(), expected.numpy(), bound, "eV")


def a_very_close_pair_stays_finite(student: Student) -> None:
    """Two atoms nearly at the same place: finite results, and repulsion with the ZBL core."""
    core = "zbl" in student.arguments
    network = variant(student, zbl=True) if core else student
    for distance in (0.3, 1e-3):
        result = potential(network)(pair_of(student, distance))
        if not (np.isfinite(result.energy) and np.isfinite(result.forces).all()):
            raise ContractError(
                f"energy {result.energy} eV or forces of a pair {distance} Å apart are not finite"
            )
        if core and result.forces[1, 2] <= 0:
            raise ContractError(
                f"with zbl a pair {distance} Å apart attracts with "
                f"{-result.forces[1, 2]:.3g} eV/Å; expected a repulsion"
            )
