"""Runs of a stability protocol: parallel and resumable, with tables and a picture."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ase.data import chemical_symbols

from ipip import __version__
from ipip.config.comparison import compare_settings, describe_differences
from ipip.config.influence import paths_without_influence, with_files_by_name
from ipip.config.stability import StabilityProtocol
from ipip.errors import InputError
from ipip.lammps import StudentRun, Verdict, run_many
from ipip.lammps.check import check_deck
from ipip.lammps.run_record import note_removal
from ipip.lammps.supervision import RECORD, RESTART_FILES
from ipip.stability.jobs import make_jobs, model_names
from ipip.stability.pressure import pressure_concerns
from ipip.stability.results import (
    ModelStability,
    as_dict,
    compare_models,
    summarize,
    verdict_sentence,
)
from ipip.stability.tables import write_runs, write_survival
from ipip.storage.atomic import write_text
from ipip.storage.digest import file_digest
from ipip.storage.json_file import write_sealed
from ipip.storage.lock import writes
from ipip.storage.sealed import DamagedError, read_sealed

PROTOCOL_FILE = "protocol.json"
_DUMPS = ("trajectory.dump", "last.dump", RECORD, *RESTART_FILES)


@dataclasses.dataclass(frozen=True)
class StabilityReport:
    """The result of a protocol; details are in the folder.

    Attributes:
        verdict: one sentence.
        models: in the order given.
        summary: content of ``summary.json``.
    """

    verdict: str
    models: list[ModelStability]
    summary: dict[str, Any]


@writes("folder", "stability")
def run_stability(
    models: Sequence[Path],
    protocol: StabilityProtocol,
    folder: Path,
    workers: int = 1,
    progress: Callable[[int, int], None] | None = None,
    on_result: Callable[[str, int, Verdict], None] | None = None,
    launcher: Sequence[str] = (),
) -> StabilityReport:
    """Run a protocol for several models; finished runs are not repeated.

    Writes ``runs.csv``, ``survival.csv``, ``summary.json`` and ``stability.png``.

    Args:
        models: student files.
        protocol: settings.
        folder: for runs and results; the same call resumes.
        workers: LAMMPS processes at a time, one core each.
        progress: called with (MD steps done, MD steps in all).
        on_result: called with model, number of the run and its verdict.
        launcher: command that starts MPI ranks for the runs; see :func:`ipip.lammps.run_many`.

    Raises:
        InputError: a model, the box or the user's deck is wrong, or the folder holds runs of
            another protocol.
    """
    named = model_names(models)
    _claim(folder, protocol)
    jobs = make_jobs(protocol, named, folder)
    if protocol.md.deck is not None:
        first = next(iter(jobs.values()))[0]
        elements = sorted({chemical_symbols[number] for number in first.frame.numbers})
        periodic = bool(first.frame.pbc.all())
        check_deck(protocol.md, elements, periodic, first.program or first.model)
    # All models of one seed, then the next seed: an interrupted protocol can be compared.
    order = [jobs[name][run] for run in range(protocol.runs) for name in named]
    places = {id(job): (name, run) for name in named for run, job in enumerate(jobs[name])}

    def finished(job: StudentRun, verdict: Verdict) -> None:
        if protocol.keep_dumps == "unstable" and verdict.state == "stable":
            remove_dumps(job.folder)
        if on_result is not None:
            on_result(*places[id(job)], verdict)

    ended = run_many(order, workers, progress, finished, launcher, frames=False)
    verdict_of = dict(zip(map(id, order), ended, strict=True))
    verdicts = {name: [verdict_of[id(job)] for job in jobs[name]] for name in named}
    results = [summarize(name, verdicts[name]) for name in named]
    sentence = verdict_sentence(results, protocol.md.timestep, protocol.md.steps)
    summary = {
        "verdict": sentence,
        "concerns": pressure_concerns(named, protocol),
        "models": [
            as_dict(model, protocol.md.timestep)
            | {
                "file": str(named[model.name]),
                "digest": file_digest(named[model.name]),
                "p_equal_to_first": compare_models(results[0], model),
            }
            for model in results
        ],
        "atoms": len(order[0].frame),
        "min_distances": {"-".join(p): d for p, d in order[0].min_distances.items()},
        "protocol": protocol.model_dump(mode="json"),
        "ipip": __version__,
    }
    write_runs(folder / "runs.csv", jobs, verdicts, protocol.md.timestep)
    write_survival(folder / "survival.csv", results, protocol.md.timestep)
    write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
    from ipip.stability.plots import plot_stability  # here: loads matplotlib

    plot_stability(results, folder / "stability.png", protocol.md.timestep, protocol.md.steps)
    return StabilityReport(sentence, results, summary)


def remove_dumps(folder: Path) -> None:
    """Remove the trajectory of a run; its verdict, deck and log stay."""
    note_removal(folder)
    for name in _DUMPS:
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "ring", ignore_errors=True)


def check_protocol_folder(folder: Path, protocol: StabilityProtocol) -> None:
    """Check that a folder has no runs of another protocol; the same protocol may have more runs.

    Files may have moved: their content is part of the digest of each run.

    Raises:
        InputError: it has such runs, is a file, or its record of the protocol is damaged.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; expected a folder")
    path = folder / PROTOCOL_FILE
    try:
        known = read_sealed(path, older=lambda record: "runs" not in record)
    except FileNotFoundError:
        return
    except DamagedError as error:
        raise InputError(f"{error}; remove it, or use another folder") from None
    ignored = paths_without_influence(protocol) | {"runs"}
    differences = compare_settings(*with_files_by_name(known, protocol), ignored)
    if differences:
        raise InputError(
            f"{folder} holds runs of another protocol ({describe_differences(differences)}); "
            "use another folder, or remove this one"
        )


def _claim(folder: Path, protocol: StabilityProtocol) -> None:
    check_protocol_folder(folder, protocol)
    if not (folder / PROTOCOL_FILE).exists():
        write_sealed(folder / PROTOCOL_FILE, _plain(protocol))


def _plain(protocol: StabilityProtocol) -> dict[str, Any]:
    """Return the settings as from JSON, in which tuples are lists."""
    plain: dict[str, Any] = json.loads(protocol.model_dump_json(exclude={"runs"}))
    return plain
