"""Summary and report of a run, from the manifests of its finished stages."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ipip.data import read_frames
from ipip.data.atomic import replaced_file
from ipip.errors import InputError
from ipip.loop.decide import RoundOutcome, best_round
from ipip.loop.folder import RunFolder, stage_id
from ipip.loop.manifest import Manifest, read_manifest
from ipip.loop.seeds import derive_seed
from ipip.loop.statistics import paired_bootstrap
from ipip.loop.storage import write_json
from ipip.loop.verdict import Comparison, StudentFigures, write_verdict
from ipip.report import Parity, ReportContent, write_report

LABEL = stage_id(0, "20_label")


def write_results(root: Path) -> Path:
    """Write summary.json, best/student.pt and the report of a run; return the report's text file.

    Raises:
        InputError: no round is finished, or it is not a run folder.
    """
    run = RunFolder(root)
    manifests = read_manifests(run)
    summary = make_summary(manifests)
    write_json(run.summary, summary)
    best = run.stage(stage_id(summary["best_round"], "40_finetune")) / "student.pt"
    run.best_student.parent.mkdir(parents=True, exist_ok=True)
    with replaced_file(run.best_student) as temporary:
        shutil.copyfile(best, temporary)
    return write_report(_content(run, manifests, summary), run.report)


def read_manifests(run: RunFolder) -> dict[str, Manifest]:
    """Return the manifests of all finished stages by name.

    Raises:
        InputError: it is not a run folder.
    """
    if not run.root.is_dir() or not run.config_lock.exists():
        raise InputError(
            f"{run.root}: is not a run folder; `ipip run CONFIG --dir FOLDER` makes one"
        )
    found = {}
    for path in sorted(run.root.glob("round_*/*/manifest.json")):
        manifest = read_manifest(path.parent)
        if manifest is not None:
            found[manifest.stage] = manifest
    return found


def finished_rounds(manifests: Mapping[str, Manifest]) -> list[int]:
    """Return the indices of the rounds whose student was evaluated."""
    count = 0
    while stage_id(count, "50_evaluate") in manifests:
        count += 1
    return list(range(count))


def make_summary(manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    """Return the summary: verdict, teacher, rounds, best round.

    Raises:
        InputError: no round is finished.
    """
    rounds = finished_rounds(manifests)
    if not rounds:
        raise InputError("no round is finished yet; `ipip run` continues the run")
    best = best_round([_outcome(index, manifests) for index in rounds])
    label = manifests[LABEL]
    return {
        "verdict": _verdict(best, manifests),
        "teacher": {
            "test": label.results["test"],
            "us_per_atom_step": label.times["teacher_us_per_atom_step"],
        },
        "rounds": [_round_entry(index, manifests) for index in rounds],
        "best_round": best,
    }


def _round_entry(index: int, manifests: Mapping[str, Manifest]) -> dict[str, Any]:
    evaluated = manifests[stage_id(index, "50_evaluate")]
    if index == 0:
        frames = {
            "kept": 0,
            "forgotten": 0,
            "new": manifests[LABEL].results["sizes"]["pretraining"],
        }
    else:
        relabelled = manifests[stage_id(index, "20_relabel")].results
        frames = {name: relabelled[name] for name in ("kept", "forgotten", "new")}
    return {
        "round": index,
        "test": evaluated.results["test"],
        "failures": evaluated.results["failures"],
        "us_per_atom_step": evaluated.times["us_per_atom_step"],
        **frames,
    }


def _outcome(index: int, manifests: Mapping[str, Manifest]) -> RoundOutcome:
    results = manifests[stage_id(index, "50_evaluate")].results
    failures = results["failures"]
    return RoundOutcome(
        index, results["valid"]["force_mae_ev_per_a"], failures["failed"], failures["total"]
    )


def _verdict(best: int, manifests: Mapping[str, Manifest]) -> str:
    label = manifests[LABEL]
    chosen = manifests[stage_id(best, "50_evaluate")]
    first = manifests[stage_id(0, "50_evaluate")]
    failures = chosen.results["failures"]
    first_failures = first.results["failures"]
    return write_verdict(
        StudentFigures(best, failures["failed"], failures["total"]),
        _compare(chosen.results["test_frame_errors"], label.results["test_frame_errors"], label),
        _compare(chosen.results["test_frame_errors"], first.results["test_frame_errors"], label)
        if best
        else None,
        (first_failures["failed"], first_failures["total"]) if best else None,
        rounds=len(finished_rounds(manifests)),
    )


def _compare(mine: list[float], other: list[float], label: Manifest) -> Comparison:
    sizes = label.results["test_sizes"]
    groups = label.results["test_groups"]
    seed = derive_seed(label.seeds["split"], "bootstrap")
    low, high = paired_bootstrap(mine, other, sizes, groups, seed)
    return Comparison(
        float(np.average(mine, weights=sizes)), float(np.average(other, weights=sizes)), low, high
    )


def _content(
    run: RunFolder, manifests: Mapping[str, Manifest], summary: dict[str, Any]
) -> ReportContent:
    label = manifests[LABEL]
    rounds = finished_rounds(manifests)
    sets = [LABEL, *(stage_id(index, "20_relabel") for index in rounds[1:])]
    causes = []
    for index in rounds:
        runs = manifests[stage_id(index, "50_evaluate")].results["runs"]
        counted = Counter(r["reason"].replace("_", " ") for r in runs if r["state"] == "unstable")
        causes.append(dict(counted))
    reference = _components(run.stage(LABEL) / "test.xyz")
    parity = [Parity("teacher", reference, _components(run.stage(LABEL) / "teacher_test.xyz"))]
    parity += [
        Parity(
            f"student {index}",
            reference,
            _components(run.stage(stage_id(index, "50_evaluate")) / "test.xyz"),
        )
        for index in rounds
    ]
    return ReportContent(
        summary=summary,
        compositions=tuple(manifests[name].results["composition"]["by_origin"] for name in sets),
        parity=tuple(parity),
        failure_causes=tuple(causes),
        notes=tuple(_notes(label, manifests, rounds)),
    )


def _components(path: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.concatenate(
        [frame.forces.ravel() for frame in read_frames(path) if frame.forces is not None]
    )


def _notes(label: Manifest, manifests: Mapping[str, Manifest], rounds: list[int]) -> list[str]:
    shift = label.results["energy_shift"]
    values = ", ".join(f"{symbol} {value:.3f}" for symbol, value in shift["ev_per_atom"].items())
    sizes = label.results["sizes"]
    notes = [
        f"Reference frames: {sizes['train']} for training, {sizes['valid']} for validation "
        f"(they choose the best round), {sizes['test']} held out.",
        f"Energy shift from the teacher to the reference (eV per atom): {values}; rank "
        f"{shift['rank']}, residual {shift['residual_mev_per_atom']:.1f} meV/atom.",
        *label.results["notes"],
    ]
    for index in rounds[1:]:
        drift = manifests[stage_id(index, "20_relabel")].results["drift"]
        if drift:
            notes.append(
                f"Round {index}: relabelling moved the kept frames' labels by "
                f"{drift['force_change_ev_per_a']:.3f} eV/Å and "
                f"{drift['energy_change_mev_per_atom']:.1f} meV/atom (mean absolute)."
            )
        runs = manifests[stage_id(index, "10_explore")].results["runs"]
        failed = sum(entry["state"] == "unstable" for entry in runs)
        notes.append(f"Round {index}: {failed} of {len(runs)} exploration runs were unstable.")
    return notes
