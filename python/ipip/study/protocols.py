"""Stability protocols of a study: the failures of an arm's students, pooled over seeds."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipip.config.load import load_settings
from ipip.config.rounds import ResourceSettings
from ipip.config.stability import StabilityProtocol
from ipip.config.study import StudyProtocol
from ipip.errors import IpipError
from ipip.stability import compare_rates, run_stability, wilson_interval
from ipip.storage.atomic import replaced_file
from ipip.storage.digest import file_digest
from ipip.study.outcome import Outcome


def run_protocol(
    protocol: StudyProtocol,
    outcomes: Mapping[tuple[str, int], Outcome],
    folder: Path,
    resources: ResourceSettings,
) -> dict[str, Any]:
    """Run a protocol with the evaluated student of each arm and seed; finished runs are kept.

    All students start from the same boxes with the same seeds.

    Args:
        protocol: arms and runs.
        outcomes: of each arm and seed.
        folder: for the runs.
        resources: number of concurrent LAMMPS runs, or the launcher of MPI ranks.

    Returns:
        The protocol's settings, and for each arm the failed and total runs, Wilson's interval,
        failures by seed, and the p value of Fisher's exact test against the first arm.
    """
    settings = load_settings(protocol.file, StabilityProtocol)
    models: dict[str, list[Path]] = {}
    for (arm, seed), outcome in outcomes.items():
        if protocol.arms and arm not in protocol.arms:
            continue
        # The name has the digest, so runs of another student are never reused.
        digest = outcome.student_digest.rpartition(":")[2][:8]
        path = folder / "students" / f"{arm}_{seed}_{digest}.pt"
        path.parent.mkdir(parents=True, exist_ok=True)
        with replaced_file(path) as temporary:
            shutil.copyfile(outcome.student, temporary)
            if file_digest(temporary) != outcome.student_digest:
                raise IpipError(f"{outcome.student}: was changed since the run was read")
        models.setdefault(arm, []).append(path)
    report = run_stability(
        [path for paths in models.values() for path in paths],
        settings,
        folder,
        workers=resources.lammps_runs,
        launcher=shlex.split(resources.lammps_launcher),
    )
    by_name = {model.name: model for model in report.models}
    arms: dict[str, Any] = {}
    for arm, paths in models.items():
        results = [by_name[path.stem] for path in paths]
        failed, total = sum(m.failed for m in results), sum(m.total for m in results)
        arms[arm] = {
            "failed": failed,
            "total": total,
            "wilson95": [round(bound, 4) for bound in wilson_interval(failed, total)],
            "by_seed": [m.failed for m in results],
            "causes": {
                cause: sum(m.causes.get(cause, 0) for m in results)
                for cause in sorted({cause for m in results for cause in m.causes})
            },
        }
    first = next(iter(arms.values()))
    for entry in arms.values():
        rates = ((e["failed"], e["total"]) for e in (first, entry))
        entry["p_equal_to_first"] = compare_rates(*rates)
    return {
        "protocol": settings.model_dump(mode="json"),
        "atoms": report.summary["atoms"],
        "arms": arms,
    }
