"""Digests that tell whether two models or files are the same."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from torch import Tensor


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """Return `sha256:...` over names, dtypes, shapes and bytes of a state dict, in name order."""
    total = hashlib.sha256()
    for name in sorted(state):
        tensor = state[name].detach().cpu().contiguous()
        total.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        total.update(tensor.numpy().tobytes())
    return f"sha256:{total.hexdigest()}"


def file_digest(path: Path) -> str:
    """Return `sha256:...` of a file's bytes."""
    with path.open("rb") as stream:
        return f"sha256:{hashlib.file_digest(stream, 'sha256').hexdigest()}"
