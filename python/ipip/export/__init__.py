"""The model file: the only contract between Python and the C++ that runs in LAMMPS.

Reading one needs no PyTorch; it is imported with what makes a network of a file, or a file of a
network.
"""

from typing import TYPE_CHECKING, Any

from ipip.export.core_student import check_file, has_kernels, kernels_refusal, load_core_student
from ipip.export.digest import weights_digest
from ipip.export.metadata import FORMAT, FORMAT_VERSION, Metadata
from ipip.export.parameters import parameters_of
from ipip.export.reading import read_metadata, read_weights
from ipip.extras import explained

if TYPE_CHECKING:
    from ipip.export.describe import describe
    from ipip.export.model_file import load_scripted, load_student, save_student

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "Metadata",
    "check_file",
    "describe",
    "has_kernels",
    "kernels_refusal",
    "load_core_student",
    "load_scripted",
    "load_student",
    "parameters_of",
    "read_metadata",
    "read_weights",
    "save_student",
    "weights_digest",
]

_WITH_TORCH = {
    "describe": "ipip.export.describe",
    "load_scripted": "ipip.export.model_file",
    "load_student": "ipip.export.model_file",
    "save_student": "ipip.export.model_file",
}


def __getattr__(name: str) -> Any:
    if name not in _WITH_TORCH:
        raise AttributeError(f"module 'ipip.export' has no attribute {name!r}")
    import importlib

    try:
        return getattr(importlib.import_module(_WITH_TORCH[name]), name)
    except ModuleNotFoundError as error:
        raise explained(error, f"ipip.export.{name}") from None
