"""Ways to pretrain a student that rival the paper's, for comparisons under equal budgets.

Each module states its source and what it needs besides energies and forces of the teacher. All
need the extra `train`.
"""

from ipip.extras import require_training

require_training("ipip.pretraining")
