"""Which finished stages are still valid: same settings, code and inputs, undamaged outputs."""

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
    """The state of a sequence of stages in a run folder.

    Attributes:
        done: manifests of the valid finished stages.
        invalid: why each other finished stage is invalid, by its name, in order.
    """

    done: dict[str, Manifest]
    invalid: dict[str, str]

    def describe(self) -> str:
        """Return the invalid stages as lines of text."""
        return "\n".join(f"  {name}: {reason}" for name, reason in self.invalid.items())


def code_version(stage: BoundStage) -> str:
    """Return the identity of a stage's code: the package's version and the stage's revision.

    A patch release changes no results; a stage whose results change gets a new revision.
    """
    return f"ipip {'.'.join(ipip.__version__.split('.')[:2])}, revision {stage.stage.revision}"


def stage_key(
    stage: BoundStage,
    manifests: Mapping[str, Manifest],
    settings: Mapping[str, Any] | None = None,
) -> str:
    """Return the digest of everything that determines a stage's results: settings, code, inputs.

    Args:
        stage: to identify.
        manifests: of the stages that it reads.
        settings: of a record of the stage, instead of its own.
    """
    return json_digest(
        {
            "stage": stage.stage_id,
            "settings": stage.settings if settings is None else settings,
            "code": code_version(stage),
            "inputs": {name: manifests[name].outputs_digest for name in stage.inputs},
        }
    )


def is_same_work(
    stage: BoundStage, manifests: Mapping[str, Manifest], key: str, settings: Mapping[str, Any]
) -> bool:
    """Return whether a stage's record matches what the stage would compute now.

    A record of an earlier version may hold settings without influence: its key then
    differs for the same work.

    Args:
        stage: as it would run now.
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
    """Return which finished stages are valid, and which are no longer.

    A stage with invalid inputs is also invalid. The digest of every output is compared.
    Nothing is changed.

    Args:
        run: whose files are checked.
        stages: in order.
        manifests: of finished stages, by name.
        unreadable: the problem of each damaged manifest, by name.
    """
    validity = Validity({}, {})
    for stage in stages:
        manifest = manifests.get(stage.stage_id)
        if unreadable is not None and stage.stage_id in unreadable:
            reason: str | None = f"its manifest {unreadable[stage.stage_id].reason}"
        elif manifest is None:
            reason = _begun_otherwise(run, stage, validity)
        else:
            reason = _problem(run, stage, manifest, validity)
            if reason is None:
                validity.done[stage.stage_id] = manifest
        if reason is not None:
            validity.invalid[stage.stage_id] = reason
    return validity


def read_started(folder: Path) -> dict[str, Any] | None:
    """Return the record of an attempt's start; None if there is none undamaged."""
    try:
        begun = read_sealed(folder / STARTED, lambda plain: {"key", "settings"} <= set(plain))
    except (OSError, DamagedError):
        return None
    return begun


def _begun_otherwise(run: RunFolder, stage: BoundStage, validity: Validity) -> str | None:
    """Report that an unfinished stage was started with other settings, inputs or code."""
    begun = read_started(run.stage(stage.stage_id))
    if begun is None:
        return None
    if any(name not in validity.done for name in stage.inputs):
        return None  # compared once they exist
    if is_same_work(stage, validity.done, begun["key"], begun["settings"]):
        return None
    differences = compare_settings(begun["settings"], stage.settings, stage.without_influence)
    changes = describe_differences(differences) or "other results or code"
    return f"was started, but not finished, with {changes}"


def _problem(
    run: RunFolder, stage: BoundStage, manifest: Manifest, validity: Validity
) -> str | None:
    differences = compare_settings(manifest.settings, stage.settings, stage.without_influence)
    if differences:
        return describe_differences(differences)
    if manifest.code != code_version(stage):
        return f"code: {manifest.code or 'unknown'} -> {code_version(stage)}"
    folder = run.stage(stage.stage_id)
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
        was = f"; it started from {unread[0]}" if unread else ""
        return f"was made from results other than those now in the folder{was}"
    return None
