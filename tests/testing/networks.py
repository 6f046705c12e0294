"""A student of a few lines, as a user may write one, and the same with one fault."""

from __future__ import annotations

import random
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from ipip.models.halo import halo_exchange
from ipip.models.radial import Envelope, RadialBasis
from ipip.models.student import Student


class Tiny(Student):
    """Sums of neighbours' features, each layer with a filter of the distance."""

    architecture = "tiny"
    citation = "the tests of ipip"

    def __init__(
        self,
        symbols: Sequence[str],
        cutoff: float = 4.0,
        channels: int = 6,
        layers: int = 2,
        zbl: bool = False,
        dtype: str = "float32",
        fault: str = "",
    ) -> None:
        arguments = {
            "cutoff": cutoff,
            "channels": channels,
            "layers": layers,
            "zbl": zbl,
            "dtype": dtype,
            "fault": fault,
        }
        if fault == "arguments":
            del arguments["channels"]
        extra = 1 if fault == "widths" else 0
        super().__init__(
            symbols,
            arguments,
            cutoff=cutoff,
            layers=layers,
            halo_widths=[channels + extra] * (layers - 1),
            channels=channels,
            n_heads=1,
            zbl=zbl,
            dtype=dtype,
        )
        self.fault = fault
        self.unsaved = random.random()
        self.basis = RadialBasis("sinc", 8, cutoff)
        self.envelope = Envelope("polynomial", cutoff)
        self.embedding = nn.Embedding(len(self.symbols), channels)
        self.filters = nn.ModuleList(nn.Linear(8, channels) for _ in range(layers))
        self.updates = nn.ModuleList(nn.Linear(channels, channels) for _ in range(layers))
        self.finish()

    def features(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        """Return the final features of local atoms, [n_local, channels]."""
        receiver, neighbour = edge_index[0], edge_index[1]
        edge = edge_vec.to(self.embedding.weight.dtype)
        distance = torch.sqrt((edge * edge).sum(-1) + 1e-24)
        if self.fault == "direction":
            distance = distance + 1e-3 * edge[:, 0].abs()
        basis = self.basis(distance)
        envelope = self.envelope(distance)
        if self.fault == "jump":
            envelope = envelope + 1e-2
        if self.fault == "pairs":
            envelope = envelope * (1.0 + 1e-3 * torch.arange(len(envelope)).remainder(3))
        if self.fault == "contact":
            envelope = envelope * torch.exp(1.0 / distance)
        s_all = self.embedding(species)
        if self.fault == "frozen":
            s_all = s_all.detach() + 0.5 * (s_all - s_all.detach())
        s = s_all[:n_local]
        for layer, (filters, update) in enumerate(
            zip(self.filters, self.updates)  # noqa: B905  TorchScript
        ):
            if layer > 0:
                if self.fault == "halo":
                    rows = torch.zeros([len(species), s.shape[1]], dtype=s.dtype)
                    rows[:n_local] = s
                    s_all = rows
                else:
                    s_all = halo_exchange(s)
            w = filters(basis) * envelope.unsqueeze(-1)
            sums = torch.zeros_like(s).index_add(0, receiver, s_all[neighbour] * w)
            s = s + torch.tanh(update(sums))
        if self.fault == "norm":
            ones = torch.ones([len(edge)], dtype=s.dtype)
            total = torch.zeros([n_local, 3], dtype=s.dtype).index_add(0, receiver, edge)
            count = torch.zeros([n_local], dtype=s.dtype).index_add(0, receiver, ones)
            s = s + 0.1 * torch.sqrt((total * total).sum(1) * (count - 1.0)).unsqueeze(-1)
        if self.fault == "batch":
            s = s + 0.1 * s.mean(0, keepdim=True)
        if self.fault == "rounding":
            s = (s + 1e4) - 1e4
        if self.fault == "unsaved":
            s = s * (1.0 + self.unsaved)
        if self.fault == "scripted" and torch.jit.is_scripting():
            s = s * 1.001
        return s


# Each fault, and the checks that must see it.
FAULTS: dict[str, tuple[str, ...]] = {
    "arguments": ("arguments_rebuild_it",),
    "unsaved": ("arguments_rebuild_it", "a_saved_student_is_read_again"),
    "widths": ("halo_widths_are_those_of_the_exchanges",),
    "direction": ("rotation_turns_the_forces",),
    "jump": ("nothing_jumps_at_the_cutoff", "nothing_jumps_on_the_way_out"),
    "pairs": ("order_of_pairs_changes_nothing", "order_of_atoms_changes_nothing"),
    "contact": ("a_very_close_pair_stays_finite",),
    "frozen": ("force_gradients_are_derivatives",),
    "halo": ("halo_rows_count_as_their_owners", "any_number_of_ranks_gives_the_same"),
    "norm": ("training_gradients_are_finite",),
    "batch": (
        "a_batch_equals_one_by_one",
        "gradient_of_a_batch_is_the_sum",
        "far_moves_are_not_felt",
    ),
    "rounding": ("float32_is_close_to_float64",),
    "scripted": ("the_scripted_file_computes_the_same", "lammps_computes_the_same"),
}
