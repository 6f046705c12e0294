"""Writes model files whose TorchScript is not one of our students."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from ipip.export import read_metadata, weights_digest
from ipip.export.digest import METADATA, WEIGHTS
from ipip.export.model_file import _archive, _digest
from ipip.export.safetensors import to_safetensors


def write_module(module: torch.nn.Module, model: Path, **changes: Any) -> None:
    """Put another module into a model file, which then has another architecture.

    Args:
        module: what `backend torchscript` is to run.
        model: the model file; the rest of its metadata is kept.
        **changes: fields of the metadata.
    """
    scripted = module if isinstance(module, torch.jit.ScriptModule) else torch.jit.script(module)
    state = scripted.state_dict()
    fields = {"architecture": "test", "arguments": {}} | changes
    metadata = read_metadata(model).model_copy(
        update=fields
        | {
            "weights_digest": weights_digest(state),
            "code_digest": _digest(_archive(scripted, {})),
        }
    )
    weights = to_safetensors({name: value.numpy() for name, value in state.items()})
    extra = {METADATA: metadata.to_json().encode(), WEIGHTS: weights}
    model.write_bytes(_archive(scripted, extra))
