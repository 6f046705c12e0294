"""Checks that the stages of a run fit together and are unchanged since they finished.

Digests are computed every time: a note that a file was checked could itself be wrong, and damage on
a disk changes neither size nor time of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ipip.errors import IpipError
from ipip.records.manifest import Manifest, changed_outputs
from ipip.records.run_folder import RunFolder

AGAIN = "`ipip run` with the run's settings sets it and what follows aside and computes them again"


def inconsistency(manifests: Mapping[str, Manifest]) -> str | None:
    """Describe the first stage that does not follow from the others; None if all do."""
    for name, manifest in manifests.items():
        for before, digest in manifest.inputs.items():
            if before not in manifests:
                return f"{before} is missing or not finished, and {name} was made from it"
            if manifests[before].outputs_digest != digest:
                return f"{name} was made from other results of {before} than the present ones"
    return None


def changed_files(
    run: RunFolder,
    manifests: Mapping[str, Manifest],
    names: Iterable[str],
    *,
    by_size: bool = False,
) -> str | None:
    """Describe the first output of these stages that is missing or changed; None if all are whole.

    Args:
        run: with the files.
        manifests: of the stages.
        names: of the stages.
        by_size: compare sizes alone; see `changed_outputs`.
    """
    for name in names:
        changed = changed_outputs(run.stage(name), manifests[name], by_size=by_size)
        if changed:
            return f"{name}: {changed[0]} is missing or was changed after the stage was done"
    return None


def require_whole(run: RunFolder, manifests: Mapping[str, Manifest]) -> None:
    """Check that the stages follow from each other and that no output was changed.

    Raises:
        IpipError: one does not, or was; the message names the first stage and file.
    """
    problem = inconsistency(manifests) or changed_files(run, manifests, manifests)
    if problem is not None:
        raise IpipError(f"{run.root}: {problem}; {AGAIN}")
