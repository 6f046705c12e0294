"""The layers of ViSNet: scalar and vector messages, node update, edge update.

Index letters: i receiving atoms (local rows), a all rows, e edges, m components of the harmonics,
f channels, h attention heads. Linear maps on vectors have no bias and act on channels.
"""

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

VECTOR_LIMIT = 4.0  # does not cost accuracy, and bounds products of vectors


class Attention(nn.Module):
    r"""The message of an edge before the envelope.

    $u_{ij} = V x_j \odot \sigma(D_v f_{ij}) \cdot
    \sigma\big(\sum_{f \in h} Q x_i \odot K x_j \odot \sigma(D_k f_{ij})\big)$,
    σ = SiLU; the last factor is one number for each attention head h.

    Args:
        channels: width of the features.
        heads: number of attention heads; divides `channels`.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.split = [heads, channels // heads]
        self.query = nn.Linear(channels, channels)
        self.key = nn.Linear(channels, channels)
        self.value = nn.Linear(channels, channels)
        self.edge_key = nn.Linear(channels, channels)
        self.edge_value = nn.Linear(channels, channels)

    def forward(self, x: Tensor, n_local: int, f: Tensor, edge_index: Tensor) -> Tensor:
        """Map scalars [a, f] and edge features [e, f] to [e, f]."""
        receiver, neighbour = edge_index[0], edge_index[1]
        query = self.query(x[:n_local]).index_select(0, receiver)
        key = self.key(x).index_select(0, neighbour)
        value = self.value(x).index_select(0, neighbour) * silu(self.edge_value(f))
        weight = (query * key * silu(self.edge_key(f))).unflatten(1, self.split).sum(-1)
        return (value.unflatten(1, self.split) * silu(weight).unsqueeze(-1)).flatten(1)


class Gate(nn.Module):
    r"""Factors of the vector message, one set of channels for each part of it.

    $C_{ij}\,\sigma(S u_{ij} + b)$ with the envelope C: zero at the cutoff for any b.
    As published: $\sigma(S C_{ij} u_{ij} + b)$, which is σ(b) at the cutoff.

    Args:
        channels: width of the features.
        parts: number of factors for each channel.
        published: the published form.
    """

    def __init__(self, channels: int, parts: int, published: bool) -> None:
        super().__init__()
        self.published = published
        self.linear = nn.Linear(channels, parts * channels)

    def forward(self, u: Tensor, envelope: Tensor) -> Tensor:
        """Map [e, f] and the envelope [e, 1] to [e, parts f]."""
        if self.published:
            return silu(self.linear(u * envelope))
        return silu(self.linear(u)) * envelope


class VectorNorm(nn.Module):
    r"""Bounds an atom's vectors: $\bar v_i = v_i / \sqrt{1 + \langle v_i^2 \rangle / L^2}$.

    ⟨v²⟩ is the mean over channels of the squared norm, L = `VECTOR_LIMIT`; vectors much shorter
    than L are nearly unchanged. The published form does not have it.

    Args:
        published: leave vectors unchanged.
    """

    def __init__(self, published: bool) -> None:
        super().__init__()
        self.published = published
        self.scale = VECTOR_LIMIT**-2

    def forward(self, v: Tensor) -> Tensor:
        """Map vectors [a, m, f] to [a, m, f]."""
        if self.published:
            return v
        square = (v * v).sum(dim=1, keepdim=True).mean(dim=2, keepdim=True)
        return v / torch.sqrt(1.0 + square * self.scale)


class FirstLayer(nn.Module):
    """The first layer, which creates vectors and has no parts that read them.

    Args:
        channels: width of the features.
        heads: number of attention heads.
        published: the published form of the vector message.
    """

    def __init__(self, channels: int, heads: int, published: bool) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(channels)
        self.attention = Attention(channels, heads)
        self.gate = Gate(channels, 1, published)
        self.output = nn.Linear(channels, channels)

    def forward(
        self, x: Tensor, n_local: int, f: Tensor, y: Tensor, envelope: Tensor, edge_index: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Map scalars [a, f], edge features, harmonics [e, m] to scalars [i, f], vectors [i, m, f].

        The scalars are the increment.
        """
        receiver = edge_index[0]
        u = self.attention(self.norm(x), n_local, f, edge_index)
        s = torch.zeros([n_local, x.shape[1]], dtype=envelope.dtype, device=x.device)
        v = torch.zeros([n_local, y.shape[1], x.shape[1]], dtype=envelope.dtype, device=x.device)
        s = s.index_add(0, receiver, u * envelope)
        v = v.index_add(0, receiver, y.unsqueeze(2) * self.gate(u, envelope).unsqueeze(1))
        return self.output(s), v


class EdgeUpdate(nn.Module):
    r"""Runtime geometry computation of the angle between two atoms' vectors about their edge.

    $\Delta f_{ij} = \sigma(F f_{ij}) \odot \big(\mathrm{Rej}(W_t v_i, Y_{ij}) \cdot
    \mathrm{Rej}(W_s v_j, Y_{ij})\big)$; their product is computed without forming them:
    for each degree l, $a \cdot b - (a \cdot Y_l)(b \cdot Y_l)$.

    The published form uses one Y of all degrees, of squared norm lmax. For lmax 2 its "rejection"
    $a - (a \cdot Y) Y$ is a reflection and the product is $a \cdot b$, free of the edge.

    Args:
        channels: width of the features.
        lmax: highest degree.
        published: the published form.
    """

    def __init__(self, channels: int, lmax: int, published: bool) -> None:
        super().__init__()
        self.second = lmax == 2
        self.reject = not (published and lmax == 2)
        self.filter = nn.Linear(channels, channels)
        self.receiver_mix = nn.Linear(channels, channels, bias=False)
        self.neighbour_mix = nn.Linear(channels, channels, bias=False)

    def forward(self, v: Tensor, n_local: int, f: Tensor, y: Tensor, edge_index: Tensor) -> Tensor:
        """Map vectors [a, m, f], edge features [e, f], harmonics [e, m] to increments [e, f]."""
        a = self.receiver_mix(v[:n_local]).index_select(0, edge_index[0])
        b = self.neighbour_mix(v).index_select(0, edge_index[1])
        product = (a * b).sum(1)
        if self.reject:
            along = y.unsqueeze(2)
            a, b = a * along, b * along
            product = product - a[:, :3].sum(1) * b[:, :3].sum(1)
            if self.second:
                product = product - a[:, 3:].sum(1) * b[:, 3:].sum(1)
        return silu(self.filter(f)) * product


class Layer(nn.Module):
    r"""A layer that reads and writes scalars and vectors.

    $\Delta v_i = V_3 \bar v_i \odot o_1 + \sum_j (\bar v_j \odot g^1_{ij} + Y_{ij} g^2_{ij})$,
    $\Delta x_i = (V_1 \bar v_i \cdot V_2 \bar v_i) \odot o_2 + o_3$,
    with $(o_1, o_2, o_3) = O \sum_j C_{ij} u_{ij} + b$; the edges are updated with the vectors that
    the layer reads.

    Args:
        channels: width of the features.
        heads: number of attention heads.
        lmax: highest degree.
        published: the published form.
        last: the last layer leaves edges unchanged, since nothing reads them.
    """

    last: Final[bool]

    def __init__(self, channels: int, heads: int, lmax: int, published: bool, last: bool) -> None:
        super().__init__()
        self.last = last
        self.norm = nn.LayerNorm(channels)
        self.vector_norm = VectorNorm(published)
        self.attention = Attention(channels, heads)
        self.gate = Gate(channels, 2, published)
        self.mix = nn.Linear(channels, 3 * channels, bias=False)
        self.output = nn.Linear(channels, 3 * channels)
        if not last:
            self.edge_update = EdgeUpdate(channels, lmax, published)

    def forward(
        self,
        x: Tensor,
        v: Tensor,
        n_local: int,
        f: Tensor,
        y: Tensor,
        envelope: Tensor,
        edge_index: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Update scalars [a, f], vectors [a, m, f] and edge features [e, f].

        Returns the increments of local atoms' scalars [i, f] and vectors [i, m, f], and the edge
        features that the next layer reads.
        """
        receiver, neighbour = edge_index[0], edge_index[1]
        v = self.vector_norm(v)
        u = self.attention(self.norm(x), n_local, f, edge_index)
        s = torch.zeros([n_local, x.shape[1]], dtype=envelope.dtype, device=x.device)
        s = s.index_add(0, receiver, u * envelope)
        o1, o2, o3 = self.output(s).chunk(3, dim=1)
        v1, v2, v3 = self.mix(v[:n_local]).chunk(3, dim=2)
        g1, g2 = self.gate(u, envelope).unsqueeze(1).chunk(2, dim=2)
        message = v.index_select(0, neighbour) * g1 + y.unsqueeze(2) * g2
        dv = (v3 * o1.unsqueeze(1)).to(message.dtype).index_add(0, receiver, message)
        dx = (v1 * v2).sum(1) * o2 + o3
        if self.last:
            return dx, dv, f
        return dx, dv, f + self.edge_update(v, n_local, f, y, edge_index)


class Invariants(nn.Module):
    r"""The gated equivariant block before the readout.

    $(h_i, g_i) = U_2\,\sigma(U_1 [x_i, |P_1 v_i|])$; returns $[\sigma(h_i), |P_3 (g_i P_2 v_i)|]$.

    Args:
        channels: width of the features, even.
        epsilon: added to squared norms; keeps them differentiable at zero.
    """

    def __init__(self, channels: int, epsilon: float) -> None:
        super().__init__()
        half = channels // 2
        self.epsilon = epsilon
        self.norm_mix = nn.Linear(channels, channels, bias=False)
        self.vector_mix = nn.Linear(channels, half, bias=False)
        self.context = nn.Sequential(
            nn.Linear(2 * channels, channels), nn.SiLU(), nn.Linear(channels, 2 * half)
        )
        self.last_norm_mix = nn.Linear(half, half, bias=False)

    def norm(self, v: Tensor) -> Tensor:
        """Map vectors [i, m, f] to their norms [i, f]."""
        return torch.sqrt((v * v).sum(1) + self.epsilon)

    def forward(self, x: Tensor, v: Tensor) -> Tensor:
        """Map scalars [i, f] and vectors [i, m, f] to invariants [i, f]."""
        context = self.context(torch.cat([x, self.norm(self.norm_mix(v))], dim=1))
        scalars, gates = context.chunk(2, dim=1)
        vectors = gates.unsqueeze(1) * self.vector_mix(v)
        return torch.cat([silu(scalars), self.norm(self.last_norm_mix(vectors))], dim=1)
