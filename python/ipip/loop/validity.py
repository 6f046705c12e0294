"""Which finished stages still hold: same settings, same code, same inputs, outputs in place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ipip
from ipip.loop.folder import RunFolder
from ipip.loop.manifest import FILE_NAME, Manifest, UnreadableManifestError, changed_outputs
from ipip.loop.stage import Stage
from ipip.sealed import DamagedError, digest_json, read_sealed

EXPLORE, HARVEST = "10_explore", "15_harvest"
GARBAGE_COLLECTED = "garbage_collected"  # marks an exploration whose frames were removed
STARTED = "started.json"
SHOWN = 4  # differences that are told of one stage


@dataclasses.dataclass(frozen=True)
class Found:
    """What is in a run folder for a sequence of stages.

    Attributes:
        done: manifests of the stages that are done and hold.
        invalid: why each other finished stage does not hold, by its name, in order.
    """

    done: dict[str, Manifest]
    invalid: dict[str, str]

    def describe(self) -> str:
        """Return the invalid stages as lines of text."""
        return "\n".join(f"  {name}: {reason}" for name, reason in self.invalid.items())


def code_version(stage: Stage) -> str:
    """Return what stands for the code of a stage: the package's version and its revision.

    A patch release changes no results; a stage whose results change gets a new revision.
    """
    return f"ipip {'.'.join(ipip.__version__.split('.')[:2])}, revision {stage.revision}"


def stage_key(stage: Stage, manifests: Mapping[str, Manifest]) -> str:
    """Return the digest of all that decides what a stage makes: settings, code, inputs."""
    return digest_json(
        {
            "stage": stage.identity,
            "settings": stage.settings,
            "code": code_version(stage),
            "inputs": {name: manifests[name].outputs_digest for name in stage.inputs},
        }
    )


def find_done(
    run: RunFolder,
    stages: Sequence[Stage],
    manifests: Mapping[str, Manifest],
    unreadable: Mapping[str, UnreadableManifestError] | None = None,
) -> Found:
    """Return which of the stages are done and hold, and which do not hold any more.

    A stage whose inputs do not hold does not hold either. The digest of every output is compared.
    Nothing is changed.

    Args:
        run: whose files are looked for.
        stages: in order.
        manifests: of finished stages, by name.
        unreadable: what is wrong with manifests that cannot be believed, by name.
    """
    found = Found({}, {})
    for stage in stages:
        manifest = manifests.get(stage.identity)
        if unreadable is not None and stage.identity in unreadable:
            reason: str | None = f"its manifest {unreadable[stage.identity].reason}"
        elif manifest is None:
            reason = _begun_otherwise(run, stage, found)
        else:
            reason = _problem(run, stage, manifest, found)
            if reason is None:
                found.done[stage.identity] = manifest
        if reason is not None:
            found.invalid[stage.identity] = reason
    return found


def read_started(folder: Path) -> dict[str, Any] | None:
    """Return what an attempt at a stage wrote when it began; None where there is nothing whole."""
    try:
        begun = read_sealed(folder / STARTED, lambda plain: {"key", "settings"} <= set(plain))
    except (OSError, DamagedError):
        return None
    return begun


def _begun_otherwise(run: RunFolder, stage: Stage, found: Found) -> str | None:
    """Say that an unfinished stage was begun with something else than now."""
    begun = read_started(run.stage(stage.identity))
    if begun is None:
        return None
    if any(name not in found.done for name in stage.inputs):
        return None  # its turn will tell
    if begun["key"] == stage_key(stage, found.done):
        return None
    told = _told(begun["settings"], stage.settings) or "other results or code"
    return f"was begun, but not finished, with {told}"


def _told(before: Any, after: Any) -> str:
    differences = describe_differences(before, after)
    more = len(differences) - SHOWN
    return "; ".join(differences[:SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _problem(run: RunFolder, stage: Stage, manifest: Manifest, found: Found) -> str | None:
    if manifest.settings != stage.settings:
        return _told(manifest.settings, stage.settings)
    if manifest.code != code_version(stage):
        return f"code: {manifest.code or 'unknown'} -> {code_version(stage)}"
    folder = run.stage(stage.identity)
    changed = changed_outputs(folder, manifest)
    if changed:
        return f"{changed[0]} is missing or was changed after the stage was done"
    harvested = (folder.parent / HARVEST / FILE_NAME).exists()
    if stage.name == EXPLORE and (folder / GARBAGE_COLLECTED).exists() and not harvested:
        return "frames that the harvest needs were removed by `ipip gc`"
    lost = [name for name in stage.inputs if name not in found.done]
    if lost:
        return f"follows {lost[0]}"
    if manifest.key != stage_key(stage, found.done):
        other = [name for name in manifest.inputs if name not in stage.inputs]
        was = f"; it began from {other[0]}" if other else ""
        return f"was made from other results than those now in the folder{was}"
    return None


def describe_differences(before: Any, after: Any, at: str = "") -> list[str]:
    """Return what differs between two nested settings, as ``key.path: old -> new``."""
    if isinstance(before, dict) and isinstance(after, dict):
        lines = []
        for name in sorted({*before, *after}):
            inner = f"{at}.{name}" if at else str(name)
            lines += describe_differences(before.get(name), after.get(name), inner)
        return lines
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        lines = []
        for index, (old, new) in enumerate(zip(before, after, strict=True)):
            lines += describe_differences(old, new, f"{at}[{index}]")
        return lines
    return [] if before == after else [f"{at}: {before!r} -> {after!r}"]
