"""Takes finished stages over from other runs that made them from the same settings and inputs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from ipip.errors import IpipError
from ipip.loop.folder import RunFolder
from ipip.loop.manifest import Manifest, missing_outputs, read_manifest


def take_over(run: RunFolder, identity: str, key: str, donors: Sequence[Path]) -> Manifest | None:
    """Copy a stage from the first donor that finished it under the same key.

    Files are hard links where the file system allows: a stage that is done is never written again.

    Args:
        run: the run that needs the stage.
        identity: name of the stage, ``round_001/15_harvest``.
        key: digest of the settings and inputs that decide what the stage makes.
        donors: other run folders.

    Returns:
        The stage's manifest, or None where no donor has it.
    """
    for donor in donors:
        source = RunFolder(donor).stage(identity)
        if source.absolute() == run.stage(identity).absolute():
            continue
        try:
            manifest = read_manifest(source)
        except IpipError:
            continue
        if manifest is None or manifest.key != key or missing_outputs(source, manifest):
            continue
        target = run.stage(identity)
        partial = target.with_name(f".{target.name}.part")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.rmtree(target, ignore_errors=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copytree(source, partial, copy_function=_link)
        partial.rename(target)
        return manifest
    return None


def _link(source: str, target: str) -> str:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)
    return target
