"""The record of a run's settings: `config.lock.yaml`, with a digest of itself in its first line."""

from __future__ import annotations

from typing import Any

import yaml
from pydantic import ValidationError

from ipip.config.run import RunSettings
from ipip.config.yaml_text import parse_yaml, yaml_text
from ipip.errors import InputError
from ipip.records.run_folder import RunFolder
from ipip.storage.atomic import write_text
from ipip.storage.digest import bytes_digest

HEAD = "# Written by ipip; what follows has the digest "


def write_config_lock(run: RunFolder, settings: RunSettings) -> None:
    """Write the settings of a run, with every default and absolute paths."""
    text = yaml_text(settings.model_dump(mode="json"))
    write_text(run.config_lock, f"{HEAD}{_digest(text)}\n{text}")


def read_config_lock(run: RunFolder) -> dict[str, Any]:
    """Read the settings of a run as plain values.

    Raises:
        InputError: the file is missing or not as ipip wrote it; the message says what to do.
    """
    run.require()
    try:
        text = run.config_lock.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError):
        raise _damaged(run) from None
    head, _, rest = text.partition("\n")
    if head.startswith("#") and head != HEAD + _digest(rest):
        raise _damaged(run)
    try:
        settings = parse_yaml(text)
    except yaml.YAMLError:
        raise _damaged(run) from None
    if not isinstance(settings, dict):
        raise _damaged(run)
    return settings


def read_settings(run: RunFolder) -> RunSettings:
    """Read the settings of a run.

    Raises:
        InputError: the file is missing, or this version of ipip did not write it.
    """
    plain = read_config_lock(run)
    try:
        return RunSettings.model_validate(plain)
    except ValidationError:
        raise InputError(
            f"{run.root}: {run.config_lock.name} is of another version of ipip; `ipip run CONFIG "
            f"--dir {run.root}` with the settings of the run writes it again"
        ) from None


def _damaged(run: RunFolder) -> InputError:
    return InputError(
        f"{run.root}: {run.config_lock.name} is damaged or was edited; `ipip run CONFIG --dir "
        f"{run.root}` with the settings of the run writes it again"
    )


def _digest(text: str) -> str:
    return bytes_digest(text.encode())
