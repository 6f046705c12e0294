"""The model file: the only contract between Python and the C++ that runs in LAMMPS."""

from ipip.export.core_student import has_kernels, load_core_student, require_unchanged
from ipip.export.digest import weights_digest
from ipip.export.metadata import FORMAT, FORMAT_VERSION, Metadata, describe
from ipip.export.model_file import load_scripted, load_student, read_metadata, save_student

__all__ = [
    "FORMAT",
    "FORMAT_VERSION",
    "Metadata",
    "describe",
    "has_kernels",
    "load_core_student",
    "load_scripted",
    "load_student",
    "read_metadata",
    "require_unchanged",
    "save_student",
    "weights_digest",
]
