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
    r"""Functions of the distance, the basis of filters.

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
            raise InputError(f"radial basis {kind!r} is unknown; expected sinc or gaussian")
        if n_basis < 2:
            raise InputError(f"n_radial is {n_basis}; expected at least 2 radial functions")
        self.gaussian = kind == "gaussian"
        if self.gaussian:
            centres = torch.linspace(0.0, cutoff, n_basis, dtype=torch.float64, device="cpu")
            self.register_buffer("offsets", centres)
            self.register_buffer("widths", torch.full_like(centres, cutoff / (n_basis - 1)))
        else:
            waves = torch.arange(1, n_basis + 1, dtype=torch.float64, device="cpu")
            waves = waves * (math.pi / cutoff)
            self.register_buffer("offsets", waves)
            self.register_buffer("widths", torch.ones_like(waves))

    def forward(self, distance: Tensor) -> Tensor:
        """Map distances [e] (Å, above zero) to [e, k]."""
        d = distance.unsqueeze(-1)
        if self.gaussian:
            return torch.exp(-0.5 * ((d - self.offsets) / self.widths) ** 2)
        return torch.sin(d * self.offsets) / d


class ExponentialBasis(nn.Module):
    r"""Gaussians in exp(-5 d / cutoff), dense at short distances (Unke and Meuwly 2019).

    $\exp\big(-\beta(e^{-5d/r_c} - \mu_k)^2\big)$, centres evenly from $e^{-5}$ (the cutoff) to 1
    (distance zero), $\beta = (2 (1 - \mu_1) / n)^{-2}$. Multiply by an envelope.

    Args:
        n_basis: number of functions, at least 2.
        cutoff: Å.
        published: the first centre is $e^{-r_c/\mathrm{Å}}$, as published; the same for 5 Å only.
    """

    centres: Tensor
    sharpness: Tensor

    def __init__(self, n_basis: int, cutoff: float, published: bool = False) -> None:
        super().__init__()
        if n_basis < 2:
            raise InputError(f"n_radial is {n_basis}; expected at least 2 radial functions")
        self.rate = 5.0 / cutoff
        first = math.exp(-cutoff if published else -5.0)
        centres = torch.linspace(first, 1.0, n_basis, dtype=torch.float64, device="cpu")
        beta = (2.0 / n_basis * (1.0 - first)) ** -2
        self.register_buffer("centres", centres)
        self.register_buffer("sharpness", torch.full_like(centres, beta))

    def forward(self, distance: Tensor) -> Tensor:
        """Map distances [e] (Å) to [e, k]."""
        x = torch.exp(-self.rate * distance).unsqueeze(-1)
        return torch.exp(-self.sharpness * (x - self.centres) ** 2)


class Envelope(nn.Module):
    r"""Reduces filters to zero at the cutoff.

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
            raise InputError(f"envelope {kind!r} is unknown; expected polynomial or cosine")
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
