"""The pairs that reach the student match a brute-force search over images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from torch import Tensor, nn

from tests.pair_style.conftest import (
    SYMBOLS,
    Run,
    a_crystal,
    a_gas,
    a_slab,
    a_tiny_cell,
    header,
    write_start,
)
from tests.pair_style.rank_runs import pair
from tests.scripted_file import write_module

Models = Callable[..., Path]
Lammps = Callable[..., Run]
CUTOFF = 5.0


class PairSums(nn.Module):
    """Per-atom sums over pairs that change with any pair missed, counted twice or misplaced."""

    def forward(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        kinds = species.to(torch.float64)
        weights = 1.0 + 2.5 * kinds[edge_index[1]] + 0.3 * kinds[edge_index[0]]
        x, y, z = edge_vec[:, 0], edge_vec[:, 1], edge_vec[:, 2]
        values = weights * (1.0 + 0.1 * x + 0.03 * y**2 + 0.07 * y * z)
        sums = torch.zeros(n_local, dtype=torch.float64, device=edge_vec.device)
        return sums.index_add(0, edge_index[0], values).unsqueeze(1)


def write_pair_sums(model: Path) -> None:
    """Put the sums into a model file that states no exchange."""
    write_module(PairSums(), model)


def brute_force(atoms: Atoms) -> tuple[np.ndarray, int]:
    """Sums of each atom and number of directed pairs, over all images that may be near."""
    species = np.array([SYMBOLS.index(s) for s in atoms.symbols])
    heights = 1.0 / np.linalg.norm(np.linalg.pinv(atoms.cell.array), axis=0)
    spread = np.ptp(atoms.get_scaled_positions(wrap=False), axis=0)
    reach = np.where(atoms.pbc, np.ceil(CUTOFF / heights + spread), 0).astype(int)
    sums, n_pairs = np.zeros(len(atoms)), 0
    for image in np.ndindex(*(2 * reach + 1)):
        shift = (np.array(image) - reach) @ atoms.cell.array
        r = atoms.positions[None, :, :] + shift - atoms.positions[:, None, :]
        distance = np.linalg.norm(r, axis=-1)
        near = (distance < CUTOFF) & (distance > 0.0)
        weights = 1.0 + 2.5 * species[None, :] + 0.3 * species[:, None]
        x, y, z = np.moveaxis(r, -1, 0)
        sums += (near * weights * (1.0 + 0.1 * x + 0.03 * y**2 + 0.07 * y * z)).sum(axis=1)
        n_pairs += int(near.sum())
    return sums, n_pairs


@pytest.mark.parametrize(
    ("ranks", "system"), [(1, a_tiny_cell), (2, a_slab), (2, a_crystal), (4, a_gas)]
)
def test_pairs_equal_a_brute_force_list(
    models: Models, lammps: Lammps, tmp_path: Path, ranks: int, system: Callable[[], Atoms]
) -> None:
    write_pair_sums(models(layers=1))
    atoms = system()
    box = write_start(tmp_path, atoms)
    atoms.positions = atoms.positions @ box.rotation
    atoms.cell = atoms.cell.array @ box.rotation
    expected, n_pairs = brute_force(atoms)
    run = lammps(
        header(box, pair=pair("backend torchscript check yes"))
        + "compute e all pe/atom\ndump 1 all custom 1 out.dump id c_e\n"
        "dump_modify 1 sort id format float %.17g\nfix 1 all nve\ntimestep 0.0\nrun 2\n",
        ranks=ranks,
    )
    assert run.status == 0, run.output
    np.testing.assert_allclose(run.dump()[:, 1], expected, rtol=1e-11)
    line = next(x for x in run.output.splitlines() if x.startswith("pairs/step"))
    assert float(line.split()[2]) * ranks == pytest.approx(n_pairs, rel=1e-4)
