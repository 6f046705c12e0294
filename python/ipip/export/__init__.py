"""The model file: the only contract between Python and the C++ that runs in LAMMPS.

Reading one needs no PyTorch; it is imported only to convert a file to a network, or a network to a
file.
"""

from typing import TYPE_CHECKING

from ipip.export.core_student import check_file, has_kernels, kernels_refusal, load_core_student
from ipip.export.digest import weights_digest
from ipip.export.metadata import FORMAT, FORMAT_VERSION, Metadata
from ipip.export.parameters import parameters_of
from ipip.export.reading import read_metadata, read_weights
from ipip.lazy import lazy_names

if TYPE_CHECKING:
    from ipip.export.model_file import load_scripted, load_student, save_student

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "Metadata",
    "check_file",
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

__getattr__ = lazy_names(
    __name__,
    {
        "load_scripted": "ipip.export.model_file",
        "load_student": "ipip.export.model_file",
        "save_student": "ipip.export.model_file",
    },
)
