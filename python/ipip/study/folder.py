"""The folder of a study: its paths, and the check that it belongs to this study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from ipip.config.base import Settings
from ipip.config.comparison import Difference, compare_settings, describe_differences
from ipip.config.influence import files_by_name, paths_without_influence
from ipip.config.run import RunSettings
from ipip.config.study import StudySettings
from ipip.config.yaml_text import parse_yaml, yaml_text
from ipip.errors import InputError
from ipip.storage import lock as lock_file
from ipip.study.arms import Arm

LOCK = "study.lock.yaml"


def run_folder(folder: Path, seed: int, arm: Arm) -> Path:
    """Return the run folder of an arm and seed."""
    return folder / "runs" / f"seed_{seed}" / arm.name


def scores_file(folder: Path, seed: int, arm: Arm) -> Path:
    """Return the file with the errors of an arm and seed on the test sets."""
    return folder / "tests" / f"seed_{seed}" / f"{arm.name}.json"


def claim_folder(settings: StudySettings, base: RunSettings, folder: Path) -> None:
    """Create a study's folder, or check that an existing one belongs to it.

    Raises:
        InputError: it is a file, or holds other files or another study.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; choose another folder with --dir")
    lock = folder / LOCK
    if lock.exists():
        _check_same_study(lock, settings, base)
    elif _holds_something(folder) and not any(folder.glob("runs/seed_*/*/")):
        raise InputError(
            f"{folder}: holds other files and is not a study; choose a new folder with --dir"
        )
    folder.mkdir(parents=True, exist_ok=True)


def _holds_something(folder: Path) -> bool:
    """Return whether a folder holds anything besides the lock of its writer."""
    return folder.exists() and any(path.name != lock_file.NAME for path in folder.iterdir())


def _check_same_study(lock: Path, settings: StudySettings, base: RunSettings) -> None:
    """Check that an earlier study can be continued: it may only be extended, or moved."""
    try:
        old = parse_yaml(lock.read_text(encoding="utf-8"))
        before = StudySettings.model_validate(old["study"])
        base_before = RunSettings.model_validate(old["run"])
    except ValidationError as error:
        raise InputError(
            f"{lock}: is of another version of ipip ({error.error_count()} keys do not match); use "
            "a new folder with --dir"
        ) from None
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError):
        raise InputError(
            f"{lock}: is damaged; remove it, and the same `ipip study` writes it again (runs whose "
            "settings differ are refused)"
        ) from None
    lost = [f"seed {seed}" for seed in before.seeds if seed not in settings.seeds]
    lost += _lost("arm", _named(before.arms), _named(settings.arms))
    lost += _lost("test set", _named(before.test_sets), _named(settings.test_sets))
    lost += _lost("protocol", _named(before.protocols), _named(settings.protocols))
    grown = {name: getattr(settings, name) for name in ("arms", "seeds", "test_sets", "protocols")}
    differences = [
        *_differences(before.model_copy(update=grown), settings),
        *_differences(base_before, base),
    ]
    if lost or differences:
        what = f"without or with another {', '.join(lost)}"
        if not lost:
            what = f"with other settings ({describe_differences(differences)})"
        raise InputError(
            f"{lock.parent}: the study cannot continue {what} ({lock.name} has its first "
            "settings); arms, seeds, test sets and protocols can be added, other changes need a "
            "new folder (--dir)"
        )


def _differences(before: Settings, now: Settings) -> list[Difference]:
    old, new = files_by_name(before), files_by_name(now)
    return compare_settings(old, new, paths_without_influence(now))


def _named(entries: Sequence[Any]) -> dict[str, Any]:
    return {
        entry if isinstance(entry, str) else entry.name: files_by_name(entry) for entry in entries
    }


def _lost(kind: str, before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    return [f"{kind} {name}" for name, entry in before.items() if now.get(name) != entry]


def lock_text(settings: StudySettings, base: RunSettings) -> str:
    """Return the text of a study's lock file: all settings that it depends on."""
    values = {"study": settings.model_dump(mode="json"), "run": base.model_dump(mode="json")}
    return yaml_text(values)
