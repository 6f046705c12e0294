"""Seeds of tasks: each from the run's seed and the task's name, never from order or time."""

from __future__ import annotations

import hashlib


def derive_seed(root: int, *labels: str | int) -> int:
    """Return a seed in [1, 2^31 - 1) for the task that `labels` name (round, stage, index, ...).

    The same labels give the same seed on every machine; different labels give unrelated ones.
    """
    text = "\x1f".join([str(root), *(str(label) for label in labels)])
    value = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return 1 + value % (2**31 - 2)
