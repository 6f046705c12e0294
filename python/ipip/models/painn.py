"""PaiNN: polarizable atom interaction neural network (Schütt, Unke, Gastegger, ICML 2021).

Index letters: i receiving atoms, j neighbours, e edges, x Cartesian axes, f channels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ipip.models.halo import halo_exchange
from ipip.models.radial import Envelope, RadialBasis
from ipip.models.student import Student

NORM_EPSILON = 1e-8  # keeps |v| differentiable at zero


class Message(nn.Module):
    """Interatomic message (Eqs. 7 and 8) without its radial filter."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.context = nn.Sequential(
            nn.Linear(channels, channels), nn.SiLU(), nn.Linear(channels, 3 * channels)
        )

    def forward(self, s: Tensor) -> Tensor:
        """Map scalars [j, f] to messages to neighbours, [j, 3 f], before the radial filter."""
        return self.context(s)


class Update(nn.Module):
    """Intra-atomic mixing of scalars and vectors (Eqs. 9 and 10)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.channels = channels
        self.epsilon = NORM_EPSILON
        self.mix = nn.Linear(channels, 2 * channels, bias=False)
        self.context = nn.Sequential(
            nn.Linear(2 * channels, channels), nn.SiLU(), nn.Linear(channels, 3 * channels)
        )

    def forward(self, s: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Map scalars [i, f] and vectors [i, x, f] to their updated values."""
        mixed = self.mix(v)
        v_v, u_v = mixed[..., : self.channels], mixed[..., self.channels :]  # V v and U v
        norm = torch.sqrt((v_v * v_v).sum(1) + self.epsilon)
        a = self.context(torch.cat([s, norm], dim=-1))
        a_ss = a[:, : self.channels]
        a_vv = a[:, self.channels : 2 * self.channels]
        a_sv = a[:, 2 * self.channels :]
        s = s + a_ss + a_sv * (v_v * u_v).sum(1)
        v = v + a_vv.unsqueeze(1) * u_v
        return s, v


class PaiNN(Student):
    """The PaiNN student.

    The number of neighbours is not limited; with the polynomial envelope energy, forces and their
    first derivatives go to zero smoothly at the cutoff for any weights.

    Args:
        symbols: chemical symbols in type order.
        cutoff: Å.
        channels: width F of scalars; vectors are 3 x F.
        layers: number of message-passing layers.
        radial: radial basis, `sinc` or `gaussian`.
        n_radial: number of radial functions.
        envelope: `polynomial` (two continuous derivatives) or `cosine`.
        shared_filters: one filter network for all layers instead of one for each layer.
        zbl: add the ZBL core for close contacts.
        n_heads: number of energies per atom.
        dtype: `float32` or `float64`.
    """

    architecture = "painn"
    citation = "K. T. Schütt, O. T. Unke, M. Gastegger, ICML 2021, PMLR 139:9377"

    def __init__(
        self,
        symbols: Sequence[str],
        cutoff: float = 5.0,
        channels: int = 64,
        layers: int = 3,
        radial: str = "sinc",
        n_radial: int = 10,
        envelope: str = "polynomial",
        shared_filters: bool = False,
        zbl: bool = False,
        n_heads: int = 1,
        dtype: str = "float32",
    ) -> None:
        arguments = {
            "cutoff": cutoff,
            "channels": channels,
            "layers": layers,
            "radial": radial,
            "n_radial": n_radial,
            "envelope": envelope,
            "shared_filters": shared_filters,
            "zbl": zbl,
            "n_heads": n_heads,
            "dtype": dtype,
        }
        super().__init__(
            symbols,
            arguments,
            cutoff=cutoff,
            layers=layers,
            halo_widths=[4 * channels] * (layers - 1),
            channels=channels,
            n_heads=n_heads,
            zbl=zbl,
            dtype=dtype,
        )
        self.channels = channels
        self.shared_filters = shared_filters
        self.basis = RadialBasis(radial, n_radial, cutoff)
        self.envelope = Envelope(envelope, cutoff)
        self.embedding = nn.Embedding(len(self.symbols), channels)
        first = nn.Linear(n_radial, 3 * channels)
        self.filters = nn.ModuleList(
            first if shared_filters or layer == 0 else nn.Linear(n_radial, 3 * channels)
            for layer in range(layers)
        )
        self.messages = nn.ModuleList(Message(channels) for _ in range(layers))
        self.updates = nn.ModuleList(Update(channels) for _ in range(layers))
        self.finish()

    def features(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        """Return the final scalars of local atoms, [n_local, channels]."""
        width = self.channels
        receiver, neighbour = edge_index[0], edge_index[1]
        edge = edge_vec.to(self.embedding.weight.dtype)
        distance = torch.sqrt((edge * edge).sum(-1) + 1e-24)
        direction = (edge / distance.unsqueeze(-1)).unsqueeze(-1)
        basis = self.basis(distance)
        envelope = self.envelope(distance).unsqueeze(-1)

        s_all = self.embedding(species)
        s = s_all[:n_local]
        v = torch.zeros([n_local, 3, width], dtype=s.dtype, device=s.device)
        v_all = v
        for layer, (filters, message, update) in enumerate(
            zip(self.filters, self.messages, self.updates)  # noqa: B905  TorchScript
        ):
            if layer > 0:
                rows = halo_exchange(torch.cat([s, v.flatten(1)], dim=1))
                s_all = rows[:, :width]
                v_all = rows[:, width:].unflatten(1, [3, width])
            w = filters(basis) * envelope
            m = message(s_all)[neighbour] * w
            dv = direction * m[:, width : 2 * width].unsqueeze(1)
            if layer > 0:  # vectors are zero before the first message
                dv = dv + v_all[neighbour] * m[:, 2 * width :].unsqueeze(1)
            s = s.index_add(0, receiver, m[:, :width])
            v = v.index_add(0, receiver, dv)
            s, v = update(s, v)
        return s
