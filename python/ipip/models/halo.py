"""The operator that exchanges features of remote atoms between message-passing layers."""

import torch
from torch import Tensor

from ipip.native import load_operators

load_operators()  # registers torch.ops.ipip.halo_exchange


def halo_exchange(features: Tensor) -> Tensor:
    """Return the rows of all atoms that a rank needs, from the rows of its local atoms.

    Args:
        features: [n_local, width] rows of local atoms.

    Returns:
        [n_total, width]: the same rows, then the rows of halo atoms from their owners.
        The adjoint adds the gradients of halo rows to their owners. Without an active exchange
        (Python, or one rank) this is the identity.
    """
    return torch.ops.ipip.halo_exchange(features)
