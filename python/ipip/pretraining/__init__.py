"""Ways to pretrain a student that rival the paper's, for comparisons under equal budgets.

Each module states its source and what it needs besides energies and forces of the teacher. All
need the extra `train`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.extras import require_training
from ipip.lazy import lazy_names

require_training("ipip.pretraining")

__all__ = [
    "Pretrained",
    "fit_by_method",
]

if TYPE_CHECKING:
    from ipip.pretraining.training import Pretrained, fit_by_method

__getattr__ = lazy_names(
    __name__,
    {
        "Pretrained": "ipip.pretraining.training",
        "fit_by_method": "ipip.pretraining.training",
    },
)
