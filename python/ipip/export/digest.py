"""Digests that identify models and files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from ipip.export.archive import Archive
from ipip.storage.digest import Digest

if TYPE_CHECKING:
    from torch import Tensor

METADATA = "extra/ipip.json"
WEIGHTS = "extra/ipip.safetensors"
# Records that TorchScript does not read, or that depend on the whole archive.
NOT_CODE = (METADATA, WEIGHTS, ".data/serialization_id")


def weights_digest(state: Mapping[str, Tensor]) -> str:
    """Return `sha256:...` over names, dtypes, shapes and bytes of a state dict, in name order."""
    return arrays_digest({name: value.detach().cpu().numpy() for name, value in state.items()})


def arrays_digest(arrays: Mapping[str, np.ndarray]) -> str:
    """Return the same of arrays."""
    total = Digest()
    for name in sorted(arrays):
        array = arrays[name]
        total.update(f"{name}|torch.{array.dtype}|{array.shape}|".encode())
        total.update(np.ascontiguousarray(array).tobytes())
    return str(total)


def code_digest(archive: Archive) -> str:
    """Return `sha256:...` of the records that TorchScript reads: all but the plain ones.

    Over names, methods, sizes and bytes as stored in the file, in name order.
    """
    total = Digest()
    for name in sorted(archive.records):
        if name in NOT_CODE:
            continue
        record = archive.records[name]
        total.update(f"{name}|{record.method}|{record.stored_size}|".encode())
        total.update(archive.stored(record))
    return str(total)
