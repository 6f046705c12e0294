"""The runs of a stability protocol."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from ase.data import chemical_symbols

from ipip.config.stability import StabilityProtocol
from ipip.data.files import read_frames
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.harvest import calibrate_min_distances
from ipip.lammps import StudentRun
from ipip.lammps.program import program_of
from ipip.systems import build

STUDENTS_FOLDER = "students"


def model_names(models: Sequence[Path]) -> dict[str, Path]:
    """Return short, unique names for model files.

    Raises:
        InputError: no models, a missing one, or one given twice.
    """
    if not models:
        raise InputError("no model is given; name at least one student file (.pt)")
    resolved = [model.resolve() for model in models]
    for model, path in zip(models, resolved, strict=True):
        if not path.is_file():
            raise InputError(f"model {model} does not exist")
        if resolved.count(path) > 1:
            raise InputError(f"model {model} is given twice")
    names: dict[str, Path] = {}
    for path in resolved:
        parts, depth = path.with_suffix("").parts, 1
        while sum(other.with_suffix("").parts[-depth:] == parts[-depth:] for other in resolved) > 1:
            depth += 1
        names["_".join(parts[-depth:]).replace("/", "")] = path
    if len(names) < len(resolved):
        raise InputError("two models have the same name; rename one file")
    return names


def make_jobs(
    protocol: StabilityProtocol, models: Mapping[str, Path], folder: Path
) -> dict[str, list[StudentRun]]:
    """Return the runs of each model, from the same boxes with the same seeds.

    Args:
        protocol: settings.
        models: by name.
        folder: of the protocol; a run's folder is ``runs/NAME/run_000``. Students without kernels
            are rewritten to ``students/NAME.pt``.

    Raises:
        InputError: a model is not a student, the box cannot be built, or the calibration cannot be
            read.
    """
    programs = {  # first, so that a missing program is reported before boxes are packed
        name: program_of(path, protocol.md, folder / STUDENTS_FOLDER / f"{name}.pt")
        for name, path in models.items()
    }
    boxes = [
        build(protocol.system, derived_seed(protocol.seed, "box", run))
        for run in range(protocol.runs if protocol.new_boxes else 1)
    ]
    distances = min_distances(protocol, boxes[0])
    return {
        name: [
            StudentRun(
                model=path,
                frame=boxes[run % len(boxes)],
                md=protocol.md,
                guards=protocol.guards,
                folder=folder / "runs" / name / f"run_{run:03d}",
                seed=derived_seed(protocol.seed, "md", run),
                min_distances=distances,
                program=programs[name],
            )
            for run in range(protocol.runs)
        ]
        for name, path in models.items()
    }


def min_distances(protocol: StabilityProtocol, box: Frame) -> dict[tuple[str, str], float]:
    """Return the least distance (Å) of each pair of elements, also calibrated on the box."""
    symbols = sorted({chemical_symbols[number] for number in box.numbers})
    frames = [] if protocol.calibration is None else read_frames(protocol.calibration, require=())
    factor = protocol.guards.distance_factor
    calibration_frames = [box, *frames]
    return calibrate_min_distances(calibration_frames, symbols, factor, hot=False).distances


def derived_seed(seed: int, purpose: str, run: int) -> int:
    """Return a seed that depends only on protocol seed, purpose and run, below 2^31."""
    digest = hashlib.sha256(f"{seed}/{purpose}/{run}".encode()).digest()
    return int.from_bytes(digest[:4], "little") >> 1
