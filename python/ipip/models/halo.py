"""The operator that brings remote atoms' features between message-passing layers."""

import torch
from torch import Tensor

from ipip.native import load_operators

load_operators()  # registers torch.ops.ipip.halo_exchange


def halo_exchange(features: Tensor) -> Tensor:
    """Return the rows of all atoms that a rank needs, given the rows of its own atoms.

    Args:
        features: [n_local, width] rows of local atoms.

    Returns:
        [n_total, width]: the same rows, then those of halo atoms as their owners hold them.
        The adjoint adds the gradients of halo rows to their owners. Where no exchange is active
        (Python, or one rank) this is the identity.
    """
    return torch.ops.ipip.halo_exchange(features)
