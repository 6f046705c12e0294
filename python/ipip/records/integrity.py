"""Whether the stages of a run fit together and are still what they were when they were done.

Digests are compared in full, never remembered: a note that a file was looked at would itself have
to be believed, and damage on a disk changes neither size nor time of a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ipip.errors import IpipError
from ipip.records.manifest import Manifest, changed_outputs
from ipip.records.run_folder import RunFolder

AGAIN = "`ipip run` with the run's settings sets it and what follows aside and computes them again"


def inconsistency(manifests: Mapping[str, Manifest]) -> str | None:
    """Say which stage does not follow from the others that are there; None where all do."""
    for name, manifest in manifests.items():
        for before, digest in manifest.inputs.items():
            if before not in manifests:
                return f"{before} is missing or not finished, and {name} was made from it"
            if manifests[before].outputs_digest != digest:
                return f"{name} was made from other results of {before} than those that are there"
    return None


def changed_files(
    run: RunFolder,
    manifests: Mapping[str, Manifest],
    names: Iterable[str],
    *,
    by_size: bool = False,
) -> str | None:
    """Say which output of these stages is gone or was changed; None where none is.

    Args:
        run: whose files are looked at.
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
    """Check that the stages follow from each other and that every output is what was written.

    Raises:
        IpipError: names the first stage and file that are not.
    """
    problem = inconsistency(manifests) or changed_files(run, manifests, manifests)
    if problem is not None:
        raise IpipError(f"{run.root}: {problem}; {AGAIN}")
