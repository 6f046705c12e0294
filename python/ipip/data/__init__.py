"""Labelled frames: files, checks, splits, reference energies."""

from ipip.config.data import DataFile, DataKeys, SplitSettings
from ipip.data.digest import file_digest, frames_digest
from ipip.data.elements import check_elements, composition, elements_of
from ipip.data.files import read_files, read_frames, write_frames
from ipip.data.frame import Frame
from ipip.data.references import ReferenceEnergies, fit_reference_energies
from ipip.data.split import Split, group_names, split_frames
from ipip.data.statistics import Statistics, statistics

__all__ = [
    "DataFile",
    "DataKeys",
    "Frame",
    "ReferenceEnergies",
    "Split",
    "SplitSettings",
    "Statistics",
    "check_elements",
    "composition",
    "elements_of",
    "file_digest",
    "fit_reference_energies",
    "frames_digest",
    "group_names",
    "read_files",
    "read_frames",
    "split_frames",
    "statistics",
    "write_frames",
]
