"""ViSNet: vector-scalar interactive graph network (Wang et al., Nat. Commun. 15, 313, 2024).

Index letters: as in `ipip.models.visnet.layers`; k basis functions. `docs/students.md` has the
equations and explains where and why the default differs from the published form.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ipip.errors import InputError
from ipip.models.halo import halo_exchange
from ipip.models.radial import Envelope, ExponentialBasis
from ipip.models.student import Student
from ipip.models.visnet.harmonics import harmonics
from ipip.models.visnet.layers import FirstLayer, Invariants, Layer, VectorNorm

NORM_EPSILON = 1e-8  # keeps |v| differentiable at zero
PUBLISHED_NORM_EPSILON = 1e-24  # the same, below rounding for any |v| that is not zero


class ViSNet(Student):
    """The ViSNet student.

    The number of neighbours is not limited; energy, forces and their first derivatives go to zero
    smoothly at the cutoff for any weights. Edge features belong to the receiving atom's edges and
    never cross a halo; an atom's scalars and vectors do, once for each layer.

    Args:
        symbols: chemical symbols in type order.
        cutoff: Å.
        channels: width F of scalars, of edge features and of each component of the vectors; even.
        layers: number of vector-scalar layers; the neighbour embedding comes before them.
        lmax: highest degree of the vectors, 1 or 2 (3 or 8 components).
        attention_heads: number of attention heads; divides `channels`.
        n_radial: number of radial functions.
        envelope: `polynomial` (two continuous derivatives) or `cosine`.
        zbl: add the ZBL core for close contacts.
        n_heads: number of energies per atom.
        published: the published network, to rounding. It jumps at the cutoff
            once trained; needs the cosine envelope.
        dtype: `float32` or `float64`.
    """

    architecture = "visnet"
    citation = "Y. Wang et al., Nature Communications 15, 313 (2024)"

    def __init__(
        self,
        symbols: Sequence[str],
        cutoff: float = 5.0,
        channels: int = 64,
        layers: int = 3,
        lmax: int = 1,
        attention_heads: int = 8,
        n_radial: int = 32,
        envelope: str = "polynomial",
        zbl: bool = False,
        n_heads: int = 1,
        published: bool = False,
        dtype: str = "float32",
    ) -> None:
        _check(channels, layers, lmax, attention_heads, envelope, published)
        arguments = {
            "cutoff": cutoff,
            "channels": channels,
            "layers": layers,
            "lmax": lmax,
            "attention_heads": attention_heads,
            "n_radial": n_radial,
            "envelope": envelope,
            "zbl": zbl,
            "n_heads": n_heads,
            "published": published,
            "dtype": dtype,
        }
        components = (lmax + 1) ** 2 - 1
        super().__init__(
            symbols,
            arguments,
            cutoff=cutoff,
            layers=layers + 1,
            halo_widths=[channels] + [(1 + components) * channels] * (layers - 1),
            channels=channels,
            n_heads=n_heads,
            zbl=zbl,
            dtype=dtype,
        )
        self.channels = channels
        self.components = components
        self.lmax = lmax
        n_species = len(self.symbols)
        self.basis = ExponentialBasis(n_radial, cutoff, published)
        self.envelope = Envelope(envelope, cutoff)
        self.embedding = nn.Embedding(n_species, channels)
        self.neighbour_embedding = nn.Embedding(n_species, channels)
        self.neighbour_filter = nn.Linear(n_radial, channels)
        self.combine = nn.Linear(2 * channels, channels)
        self.edge_filter = nn.Linear(n_radial, channels)
        self.first = FirstLayer(channels, attention_heads, published)
        self.later = nn.ModuleList(
            Layer(channels, attention_heads, lmax, published, last=layer == layers - 1)
            for layer in range(1, layers)
        )
        self.norm = nn.LayerNorm(channels)
        self.vector_norm = VectorNorm(published)
        epsilon = PUBLISHED_NORM_EPSILON if published else NORM_EPSILON
        self.invariants = Invariants(channels, epsilon)
        self.finish()

    def features(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        """Return the final invariants of local atoms, [n_local, channels]."""
        edge = edge_vec.to(self.embedding.weight.dtype)
        distance = torch.sqrt((edge * edge).sum(-1) + 1e-24)
        y = harmonics(edge / distance.unsqueeze(-1), self.lmax)
        envelope = self.envelope(distance).unsqueeze(-1)
        basis = self.basis(distance) * envelope

        filters = self.neighbour_filter(basis) * envelope
        around = self.neighbour_embedding(species).index_select(0, edge_index[1]) * filters
        own = self.embedding(species[:n_local])
        x = torch.zeros_like(own).index_add(0, edge_index[0], around)
        x = self.combine(torch.cat([own, x], dim=1))
        x_all = halo_exchange(x)

        # From here on each atom is also its own neighbour, at distance zero and without direction.
        own_index = torch.arange(n_local, device=species.device).expand(2, n_local)
        edges = torch.cat([edge_index, own_index], dim=1)
        one = torch.ones([n_local, 1], dtype=edge.dtype, device=edge.device)
        own_basis = self.basis(torch.zeros([n_local], dtype=edge.dtype, device=edge.device))
        basis = torch.cat([basis, own_basis])
        envelope = torch.cat([envelope, one])
        y = torch.cat([y, torch.zeros([n_local, y.shape[1]], dtype=y.dtype, device=y.device)])
        f = x_all.index_select(0, edges[0]) + x_all.index_select(0, edges[1])
        f = f * self.edge_filter(basis)

        dx, v = self.first(x_all, n_local, f, y, envelope, edges)
        x = x + dx
        for layer in self.later:
            rows = halo_exchange(torch.cat([x, v.flatten(1)], dim=1))
            x_all = rows[:, : self.channels]
            v_all = rows[:, self.channels :].unflatten(1, [self.components, self.channels])
            dx, dv, f = layer(x_all, v_all, n_local, f, y, envelope, edges)
            x, v = x + dx, v + dv
        return self.invariants(self.norm(x), self.vector_norm(v))


def _check(
    channels: int, layers: int, lmax: int, attention_heads: int, envelope: str, published: bool
) -> None:
    if layers < 1:
        raise InputError(f"layers is {layers}; expected at least 1")
    if lmax not in (1, 2):
        raise InputError(f"lmax is {lmax}; expected 1 or 2")
    if attention_heads < 1 or channels % attention_heads or channels % 2:
        raise InputError(
            f"channels is {channels} with {attention_heads} attention heads; channels must be even "
            "and a multiple of attention_heads"
        )
    if published and envelope != "cosine":
        raise InputError(
            f"envelope is {envelope!r}, but the published ViSNet has a cosine envelope; "
            "set envelope to cosine, or published to false"
        )
