"""Which finished stages still hold: same settings, same code, same inputs, outputs in place."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ipip
from ipip.config.comparison import compare_settings, describe_differences
from ipip.pipeline.stage import BoundStage
from ipip.records.manifest import Manifest, UnreadableManifestError, changed_outputs
from ipip.records.run_folder import RunFolder
from ipip.storage.digest import json_digest
from ipip.storage.sealed import DamagedError, read_sealed

STARTED = "started.json"


@dataclasses.dataclass(frozen=True)
class Validity:
    """Which of a sequence of stages a run folder has.

    Attributes:
        done: manifests of the stages that are done and hold.
        invalid: why each other finished stage does not hold, by its name, in order.
    """

    done: dict[str, Manifest]
    invalid: dict[str, str]

    def describe(self) -> str:
        """Return the invalid stages as lines of text."""
        return "\n".join(f"  {name}: {reason}" for name, reason in self.invalid.items())


def code_version(stage: BoundStage) -> str:
    """Return what stands for the code of a stage: the package's version and its revision.

    A patch release changes no results; a stage whose results change gets a new revision.
    """
    return f"ipip {'.'.join(ipip.__version__.split('.')[:2])}, revision {stage.stage.revision}"


def stage_key(
    stage: BoundStage,
    manifests: Mapping[str, Manifest],
    settings: Mapping[str, Any] | None = None,
) -> str:
    """Return the digest of all that decides what a stage makes: settings, code, inputs.

    Args:
        stage: what is made.
        manifests: of the stages that it reads.
        settings: those of a record of the stage instead of its own.
    """
    return json_digest(
        {
            "stage": stage.identity,
            "settings": stage.settings if settings is None else settings,
            "code": code_version(stage),
            "inputs": {name: manifests[name].outputs_digest for name in stage.inputs},
        }
    )


def is_same_work(
    stage: BoundStage, manifests: Mapping[str, Manifest], key: str, settings: Mapping[str, Any]
) -> bool:
    """Say whether a record of a stage is of what the stage would make now.

    A record may hold settings without influence, as those of earlier versions do: its key is then
    another one, of the same work.

    Args:
        stage: what would be made.
        manifests: of the stages that it reads.
        key: of the record.
        settings: of the record.
    """
    if compare_settings(settings, stage.settings, stage.without_influence):
        return False
    return key == stage_key(stage, manifests, settings)


def validity_of(
    run: RunFolder,
    stages: Sequence[BoundStage],
    manifests: Mapping[str, Manifest],
    unreadable: Mapping[str, UnreadableManifestError] | None = None,
) -> Validity:
    """Return which of the stages are done and hold, and which do not hold any more.

    A stage whose inputs do not hold does not hold either. The digest of every output is compared.
    Nothing is changed.

    Args:
        run: whose files are looked for.
        stages: in order.
        manifests: of finished stages, by name.
        unreadable: what is wrong with manifests that cannot be believed, by name.
    """
    validity = Validity({}, {})
    for stage in stages:
        manifest = manifests.get(stage.identity)
        if unreadable is not None and stage.identity in unreadable:
            reason: str | None = f"its manifest {unreadable[stage.identity].reason}"
        elif manifest is None:
            reason = _begun_otherwise(run, stage, validity)
        else:
            reason = _problem(run, stage, manifest, validity)
            if reason is None:
                validity.done[stage.identity] = manifest
        if reason is not None:
            validity.invalid[stage.identity] = reason
    return validity


def read_started(folder: Path) -> dict[str, Any] | None:
    """Return what an attempt at a stage wrote when it began; None where there is nothing whole."""
    try:
        begun = read_sealed(folder / STARTED, lambda plain: {"key", "settings"} <= set(plain))
    except (OSError, DamagedError):
        return None
    return begun


def _begun_otherwise(run: RunFolder, stage: BoundStage, validity: Validity) -> str | None:
    """Say that an unfinished stage was begun with something else than now."""
    begun = read_started(run.stage(stage.identity))
    if begun is None:
        return None
    if any(name not in validity.done for name in stage.inputs):
        return None  # compared when they are there
    if is_same_work(stage, validity.done, begun["key"], begun["settings"]):
        return None
    differences = compare_settings(begun["settings"], stage.settings, stage.without_influence)
    changes = describe_differences(differences) or "other results or code"
    return f"was begun, but not finished, with {changes}"


def _problem(
    run: RunFolder, stage: BoundStage, manifest: Manifest, validity: Validity
) -> str | None:
    differences = compare_settings(manifest.settings, stage.settings, stage.without_influence)
    if differences:
        return describe_differences(differences)
    if manifest.code != code_version(stage):
        return f"code: {manifest.code or 'unknown'} -> {code_version(stage)}"
    folder = run.stage(stage.identity)
    changed = changed_outputs(folder, manifest)
    if changed:
        return f"{changed[0]} is missing or was changed after the stage was done"
    damage = stage.stage.damage(run, stage.round.index)
    if damage is not None:
        return damage
    invalid = [name for name in stage.inputs if name not in validity.done]
    if invalid:
        return f"follows {invalid[0]}"
    if manifest.key != stage_key(stage, validity.done, manifest.settings):
        unread = [name for name in manifest.inputs if name not in stage.inputs]
        was = f"; it began from {unread[0]}" if unread else ""
        return f"was made from other results than those now in the folder{was}"
    return None
