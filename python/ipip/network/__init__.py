"""The networks of students in PyTorch: graphs of frames, batches, energies and forces.

Needs the extra `train`.
"""

from ipip.extras import explained

try:
    from ipip.network.dataset import GraphDataset
    from ipip.network.forces import energy_and_forces
except ModuleNotFoundError as error:
    raise explained(error, "the network of a student") from None

__all__ = ["GraphDataset", "energy_and_forces"]
