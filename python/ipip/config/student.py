"""Settings of a student: architecture and size. One class for each architecture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ipip.config.any_student import AnyStudentSettings
from ipip.config.choice import one_of
from ipip.config.painn import PaiNNSettings
from ipip.config.visnet import ViSNetSettings

_SETTINGS: Mapping[str, type[AnyStudentSettings]] = {
    settings.model_fields["architecture"].default: settings
    for settings in (
        PaiNNSettings,
        ViSNetSettings,
    )
}


def _architecture(settings: Any) -> str:
    """Return the class that reads these settings; PaiNN without an architecture."""
    if isinstance(settings, Mapping):
        name = settings.get("architecture", "painn")
        settings = _SETTINGS.get(name) if isinstance(name, str) else None
        return settings.__name__ if settings else str(name)
    is_read = isinstance(settings, AnyStudentSettings)
    return type(settings).__name__ if is_read else PaiNNSettings.__name__


if TYPE_CHECKING:
    StudentSettings = AnyStudentSettings
else:
    StudentSettings = one_of(_SETTINGS.values(), _architecture, "architecture", sorted(_SETTINGS))
    """Settings of any student, distinguished by `architecture`."""
