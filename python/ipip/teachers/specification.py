"""The settings that a teacher's process receives: plain values, and the texts of files."""

from __future__ import annotations

import os
from importlib import resources
from pathlib import Path
from typing import Any

from ipip.config.cp2k import Cp2kSettings
from ipip.config.teacher import TeacherSettings
from ipip.errors import InputError


def specification(settings: TeacherSettings) -> dict[str, Any]:
    """Return all settings of a teacher.

    Raises:
        InputError: a file in the settings cannot be read.
    """
    plain = settings.model_dump(mode="json")
    if settings.kind == "cp2k":  # the only kind with its own block
        plain["cp2k"] = cp2k_values(settings.cp2k or Cp2kSettings())
    return plain


def cp2k_values(settings: Cp2kSettings) -> dict[str, Any]:
    """Return the settings with the template's text.

    Raises:
        InputError: the user's template cannot be read.
    """
    if settings.template is None:
        text = resources.files("ipip.teachers").joinpath("cp2k.inp.j2").read_text(encoding="utf-8")
    else:
        try:
            text = Path(os.path.expanduser(settings.template)).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cp2k.template {settings.template} cannot be read: {error}") from None
    return {**settings.model_dump(mode="json"), "template_text": text}
