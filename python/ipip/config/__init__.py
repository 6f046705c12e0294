"""Settings: the files, their checks, and the classes that hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ipip.lazy import lazy_names

__all__ = [
    "DataFile",
    "DataKeys",
    "HarvestRunSettings",
    "PaiNNSettings",
    "PhysicsSettings",
    "ReferenceSettings",
    "RunSettings",
    "Settings",
    "SpeciesSettings",
    "SplitSettings",
    "StabilityProtocol",
    "StudentMDSettings",
    "StudySettings",
    "SystemSettings",
    "TeacherMDSettings",
    "TeacherSettings",
    "TrainRunSettings",
    "TrainingSettings",
    "UnlabelledSettings",
    "ViSNetSettings",
    "load_settings",
    "render_template",
]

if TYPE_CHECKING:
    from ipip.config.base import Settings
    from ipip.config.data import DataFile, DataKeys, SplitSettings
    from ipip.config.harvest_run import HarvestRunSettings
    from ipip.config.load import load_settings
    from ipip.config.md import StudentMDSettings, TeacherMDSettings
    from ipip.config.painn import PaiNNSettings
    from ipip.config.physics import PhysicsSettings
    from ipip.config.reference import ReferenceSettings
    from ipip.config.run import RunSettings, UnlabelledSettings
    from ipip.config.species import SpeciesSettings
    from ipip.config.stability import StabilityProtocol
    from ipip.config.study import StudySettings
    from ipip.config.systems import SystemSettings
    from ipip.config.teacher import TeacherSettings
    from ipip.config.template import render_template
    from ipip.config.train_run import TrainRunSettings
    from ipip.config.training import TrainingSettings
    from ipip.config.visnet import ViSNetSettings

__getattr__ = lazy_names(
    __name__,
    {
        "DataFile": "ipip.config.data",
        "DataKeys": "ipip.config.data",
        "HarvestRunSettings": "ipip.config.harvest_run",
        "ReferenceSettings": "ipip.config.reference",
        "RunSettings": "ipip.config.run",
        "Settings": "ipip.config.base",
        "SpeciesSettings": "ipip.config.species",
        "SplitSettings": "ipip.config.data",
        "StabilityProtocol": "ipip.config.stability",
        "StudentMDSettings": "ipip.config.md",
        "PaiNNSettings": "ipip.config.painn",
        "PhysicsSettings": "ipip.config.physics",
        "ViSNetSettings": "ipip.config.visnet",
        "StudySettings": "ipip.config.study",
        "SystemSettings": "ipip.config.systems",
        "TeacherMDSettings": "ipip.config.md",
        "TeacherSettings": "ipip.config.teacher",
        "TrainRunSettings": "ipip.config.train_run",
        "TrainingSettings": "ipip.config.training",
        "UnlabelledSettings": "ipip.config.run",
        "load_settings": "ipip.config.load",
        "render_template": "ipip.config.template",
    },
)
