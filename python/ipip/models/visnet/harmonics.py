"""Real spherical harmonics of a direction."""

import math

import torch
from torch import Tensor


def harmonics(direction: Tensor, lmax: int) -> Tensor:
    r"""Return the harmonics of degrees 1..lmax, each degree scaled to norm one.

    Args:
        direction: [e, 3] unit vectors.
        lmax: 1 or 2.

    Returns:
        [e, (lmax + 1)^2 - 1]: x y z, then for lmax 2 the five of degree 2 with
        $Y_2(a) \cdot Y_2(b) = P_2(a \cdot b)$.
    """
    if lmax == 1:
        return direction
    x, y, z = direction.unbind(1)
    root = math.sqrt(3.0)
    second = [
        root * x * y,
        root * y * z,
        root * z * x,
        0.5 * root * (x * x - y * y),
        z * z - 0.5 * (x * x + y * y),
    ]
    return torch.cat([direction, torch.stack(second, dim=1)], dim=1)
