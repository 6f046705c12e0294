"""Radial bases and cutoff envelopes.

Index letters: e edges, k basis functions.
"""

import math

import torch
from torch import Tensor, nn

from ipip.errors import InputError

BASES = ("sinc", "gaussian")
ENVELOPES = ("polynomial", "cosine")


class RadialBasis(nn.Module):
    r"""Functions of the distance that filters are made of.

    `sinc`: $\sin(k\pi d/r_c)/d$ for k = 1..n (Schütt et al. 2021, Eq. 10).
    `gaussian`: $\exp(-(d-\mu_k)^2/2\sigma^2)$, centres evenly from 0 to the cutoff, σ = spacing.

    Args:
        kind: `sinc` or `gaussian`.
        n_basis: number of functions, at least 2.
        cutoff: Å.
    """

    offsets: Tensor
    widths: Tensor

    def __init__(self, kind: str, n_basis: int, cutoff: float) -> None:
        super().__init__()
        if kind not in BASES:
            raise InputError(f"radial basis {kind!r} is not known; choose one of: sinc, gaussian")
        if n_basis < 2:
            raise InputError(f"n_radial is {n_basis}; expected at least 2 radial functions")
        self.gaussian = kind == "gaussian"
        if self.gaussian:
            centres = torch.linspace(0.0, cutoff, n_basis, dtype=torch.float64)
            self.register_buffer("offsets", centres)
            self.register_buffer("widths", torch.full_like(centres, cutoff / (n_basis - 1)))
        else:
            waves = torch.arange(1, n_basis + 1, dtype=torch.float64) * (math.pi / cutoff)
            self.register_buffer("offsets", waves)
            self.register_buffer("widths", torch.ones_like(waves))

    def forward(self, distance: Tensor) -> Tensor:
        """Map distances [e] (Å, above zero) to [e, k]."""
        d = distance.unsqueeze(-1)
        if self.gaussian:
            return torch.exp(-0.5 * ((d - self.offsets) / self.widths) ** 2)
        return torch.sin(d * self.offsets) / d


class Envelope(nn.Module):
    r"""Takes filters to zero at the cutoff.

    `polynomial` (p = 6): $1 - \tfrac{(p+1)(p+2)}{2}x^p + p(p+2)x^{p+1} - \tfrac{p(p+1)}{2}x^{p+2}$,
    x = d / cutoff; value, first and second derivative vanish at the cutoff (Gasteiger et al. 2020,
    Eq. 8). `cosine`: $(1+\cos\pi x)/2$; its second derivative jumps there.

    Args:
        kind: `polynomial` or `cosine`.
        cutoff: Å.
    """

    def __init__(self, kind: str, cutoff: float) -> None:
        super().__init__()
        if kind not in ENVELOPES:
            raise InputError(f"envelope {kind!r} is not known; choose one of: polynomial, cosine")
        self.cosine = kind == "cosine"
        self.cutoff = cutoff

    def forward(self, distance: Tensor) -> Tensor:
        """Map distances [e] (Å) to [e]; exactly zero at and beyond the cutoff."""
        x = distance / self.cutoff
        if self.cosine:
            value = 0.5 * (torch.cos(math.pi * x) + 1.0)
        else:
            x6 = x**6
            value = 1.0 + x6 * (-28.0 + x * (48.0 - 21.0 * x))
        return value * (x < 1.0)
