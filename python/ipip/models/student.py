"""The base class of students: from atoms and edges to atomic energies."""

from collections.abc import Sequence
from typing import Any

import torch
from ase.data import atomic_numbers
from torch import Tensor, nn

from ipip.errors import InputError
from ipip.models.zbl import ZBLCore

DTYPES = {"float32": torch.float32, "float64": torch.float64}


class Student(nn.Module):
    r"""Base of all students.

    The network works in `dtype`; energies are assembled in float64:
    $E_i = E^0_{z_i} + \mathrm{shift}_{z_i} + \mathrm{scale}_{z_i}\,\mathrm{net}_i$ (+ ZBL core).

    A subclass sets `architecture`, calls `__init__`, builds its layers, ends with
    `self.finish()` and implements `features`. Between message-passing layers it calls
    `ipip.models.halo.halo_exchange`; `halo_widths` states the width of each such call.

    Args:
        symbols: chemical symbols in type order.
        arguments: keyword arguments that rebuild this student.
        cutoff: Å.
        layers: number of message-passing layers.
        halo_widths: scalars an atom sends in each exchange, in order.
        channels: width of the final features.
        n_heads: number of energies per atom (columns of the output).
        zbl: add the ZBL core.
        dtype: `float32` or `float64`.

    Attributes:
        reference_energies: [n_species] eV, energies of free atoms (float64).
        scale: [n_species] eV per unit of the network's output (float64).
        shift: [n_species] eV (float64).
    """

    architecture = ""
    citation = ""
    __jit_unused_properties__ = ("dtype",)

    reference_energies: Tensor
    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        symbols: Sequence[str],
        arguments: dict[str, Any],
        *,
        cutoff: float,
        layers: int,
        halo_widths: Sequence[int],
        channels: int,
        n_heads: int,
        zbl: bool,
        dtype: str,
    ) -> None:
        super().__init__()
        _check(symbols, cutoff, layers, channels, n_heads, dtype)
        self.symbols = list(symbols)
        self.arguments = dict(arguments)
        self.cutoff = float(cutoff)
        self.layers = int(layers)
        self.halo_widths = [int(width) for width in halo_widths]
        self.n_heads = int(n_heads)
        self.dtype_name = dtype
        self.has_zbl = bool(zbl)
        self.core = ZBLCore(self.symbols, cutoff)
        self.readout = nn.Sequential(
            nn.Linear(channels, channels // 2), nn.SiLU(), nn.Linear(channels // 2, n_heads)
        )
        n = len(self.symbols)
        self.register_buffer("reference_energies", torch.zeros(n, dtype=torch.float64))
        self.register_buffer("scale", torch.ones(n, dtype=torch.float64))
        self.register_buffer("shift", torch.zeros(n, dtype=torch.float64))

    def finish(self) -> None:
        """Initialise linear layers (Glorot uniform, zero bias); cast the network to its dtype."""
        for module in self.modules():
            if isinstance(module, nn.Linear):
                nn.init.xavier_uniform_(module.weight)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
        dtype = DTYPES[self.dtype_name]
        kept = ("reference_energies", "scale", "shift")
        values = {name: getattr(self, name) for name in kept}
        core = self.core
        del self.core
        self.to(dtype)
        self.core = core
        for name, value in values.items():
            self.register_buffer(name, value)

    @property
    def dtype(self) -> torch.dtype:
        """Precision of the network."""
        return DTYPES[self.dtype_name]

    def set_energy_scale(
        self,
        reference_energies: Sequence[float] | Tensor,
        scale: float | Sequence[float] | Tensor = 1.0,
        shift: float | Sequence[float] | Tensor = 0.0,
    ) -> None:
        """Set the energy zero and scale, each [n_species] or one value for all, in eV."""
        n = len(self.symbols)
        for name, value in (
            ("reference_energies", reference_energies),
            ("scale", scale),
            ("shift", shift),
        ):
            values = torch.as_tensor(value, dtype=torch.float64).expand(n)
            if not bool(torch.isfinite(values).all()):
                raise InputError(f"{name} is {values.tolist()}; expected finite values in eV")
            getattr(self, name).copy_(values)

    def features(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        """Return the final invariant features of local atoms, [n_local, channels]."""
        raise RuntimeError("a student implements features()")

    def forward(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        """Return atomic energies.

        Args:
            species: [n_total] index into `symbols`; local atoms first, then halo atoms.
            edge_index: [2, n_edges] receiving atom i (local), neighbour j (any row).
            edge_vec: [n_edges, 3] r_j - r_i in Å, any floating dtype.
            n_local: number of local atoms.

        Returns:
            [n_local, n_heads] in eV, float64.
        """
        net = self.readout(self.features(species, edge_index, edge_vec, n_local))
        own = species[:n_local]
        energies = net.to(torch.float64) * self.scale[own].unsqueeze(-1)
        energies = energies + (self.reference_energies + self.shift)[own].unsqueeze(-1)
        if self.has_zbl:
            core = self.core(species, edge_index, edge_vec, n_local)
            energies = energies + core.unsqueeze(-1)
        return energies


def _check(
    symbols: Sequence[str], cutoff: float, layers: int, channels: int, n_heads: int, dtype: str
) -> None:
    if not symbols:
        raise InputError("a student needs at least one element, got none")
    for symbol in symbols:
        if symbol not in atomic_numbers or symbol == "X":
            raise InputError(f"{symbol!r} is not a chemical symbol; write elements as in Mo, S, O")
    if len(set(symbols)) != len(symbols):
        raise InputError(f"elements are {' '.join(symbols)}; each may be named once")
    if not 0.5 <= cutoff <= 50.0:
        raise InputError(f"cutoff is {cutoff} Å; expected between 0.5 and 50 Å")
    for name, value, least in (
        ("layers", layers, 1),
        ("channels", channels, 2),
        ("n_heads", n_heads, 1),
    ):
        if value < least:
            raise InputError(f"{name} is {value}; expected at least {least}")
    if dtype not in DTYPES:
        raise InputError(f"dtype is {dtype!r}; expected float32 or float64")
