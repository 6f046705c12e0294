"""Labelled frames: files, checks, splits, reference energies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.config.data import DataFile, DataKeys, SplitSettings
from ipip.data.digest import frames_digest
from ipip.data.elements import check_elements, composition, elements_of
from ipip.data.files import read_files, read_frames, write_frames
from ipip.data.frame import Frame
from ipip.data.provenance import Provenance
from ipip.data.references import ReferenceEnergies, fit_reference_energies
from ipip.data.split import Split, group_names, split_frames
from ipip.data.statistics import Statistics, statistics
from ipip.lazy import lazy_names
from ipip.storage.digest import file_digest

__all__ = [
    "DataFile",
    "DataKeys",
    "Frame",
    "LabelSurvey",
    "Provenance",
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
    "iterate_source",
    "read_files",
    "read_frames",
    "split_frames",
    "statistics",
    "survey_labels",
    "write_frames",
]

if TYPE_CHECKING:
    from ipip.data.conversion import iterate_source
    from ipip.data.survey import LabelSurvey, survey_labels

__getattr__ = lazy_names(
    __name__,
    {
        "LabelSurvey": "ipip.data.survey",
        "iterate_source": "ipip.data.conversion",
        "survey_labels": "ipip.data.survey",
    },
)
