"""Screened nuclear repulsion for close contacts."""

from collections.abc import Sequence
from typing import Any

import torch
from ase.data import atomic_numbers, covalent_radii
from torch import Tensor, nn

COULOMB_EV_A = 14.399645478  # e^2 / (4 pi epsilon_0)


class ZBLCore(nn.Module):
    r"""Universal repulsion of Ziegler, Biersack and Littmark (1985), switched off at bond lengths.

    $E = \tfrac12\sum_{ij} \frac{Z_iZ_je^2}{4\pi\epsilon_0 d}\,\phi(d/a)\,u(d/r_{ij})$,
    $a = 0.46850/(Z_i^{0.23}+Z_j^{0.23})$ Å, with u the polynomial envelope of
    `ipip.models.radial` and r_ij the sum of covalent radii, at most the cutoff. Float64.

    Args:
        symbols: chemical symbols in type order.
        cutoff: Å.
    """

    charges: Tensor
    inverse_length: Tensor
    reach: Tensor

    def __init__(self, symbols: Sequence[str], cutoff: float) -> None:
        super().__init__()
        # On the CPU also when weights are built without memory: a few numbers, which are compared.
        kind: dict[str, Any] = {"dtype": torch.float64, "device": "cpu"}
        z = torch.tensor([atomic_numbers[s] for s in symbols], **kind)
        radii = torch.tensor([covalent_radii[atomic_numbers[s]] for s in symbols], **kind)
        power = z**0.23
        self.register_buffer("charges", COULOMB_EV_A * z[:, None] * z[None, :])
        self.register_buffer("inverse_length", (power[:, None] + power[None, :]) / 0.46850)
        self.register_buffer("reach", torch.clamp(radii[:, None] + radii[None, :], max=cutoff))

    def forward(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        """Return the repulsion of each local atom, [n_local] in eV (half of each of its pairs)."""
        receiver, neighbour = edge_index[0], edge_index[1]
        zi, zj = species[receiver], species[neighbour]
        d = torch.sqrt((edge_vec.to(torch.float64) ** 2).sum(-1) + 1e-24)
        x = d * self.inverse_length[zi, zj]
        screening = (
            0.18175 * torch.exp(-3.19980 * x)
            + 0.50986 * torch.exp(-0.94229 * x)
            + 0.28022 * torch.exp(-0.40290 * x)
            + 0.02817 * torch.exp(-0.20162 * x)
        )
        y = torch.clamp(d / self.reach[zi, zj], max=1.0)
        envelope = 1.0 + y**6 * (-28.0 + y * (48.0 - 21.0 * y))
        pair = 0.5 * self.charges[zi, zj] / d * screening * envelope
        out = torch.zeros(n_local, dtype=torch.float64, device=pair.device)
        return out.index_add(0, receiver, pair)
