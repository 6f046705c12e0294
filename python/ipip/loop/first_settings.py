"""The first settings file of a system: from labels, from structures, or from molecules."""

from __future__ import annotations

import dataclasses
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import atomic_masses, atomic_numbers

from ipip.config.data import DataKeys
from ipip.config.painn import PaiNNSettings
from ipip.config.profiles import find_profile, sized_settings
from ipip.config.systems import SystemSettings
from ipip.data import Frame, write_frames
from ipip.data.survey import LabelSurvey
from ipip.errors import InputError
from ipip.systems import count_atoms, molecule
from ipip.systems.files import read_structure

MOST_SYSTEMS = 4  # compositions of the labels that become systems
DEFAULT_TEMPERATURE = 600.0  # K
EXPECTED_LABELS = 100  # frames that `ipip explore` selects
LABELS_FILE = "labels.xyz"  # written by `ipip label`


@dataclasses.dataclass(frozen=True)
class StartingPoint:
    """The basis of a settings file.

    Attributes:
        systems: blocks of `systems`, without runs.
        atoms: of each of them.
        elements: in them.
        starts: structures to write to the files that the systems name, by file.
    """

    systems: list[dict[str, Any]]
    atoms: list[int]
    elements: list[str]
    starts: dict[str, Frame]


@dataclasses.dataclass(frozen=True)
class FirstSettings:
    """A first settings file.

    Attributes:
        values: plain values, as in a file.
        found: what was detected or assumed, a line each, for the user to check.
        open: what remains to fill in, by key; empty: nothing.
    """

    values: dict[str, Any]
    found: list[str]
    open: dict[str, str]


def from_labels(survey: LabelSurvey, folder: str) -> StartingPoint:
    """Use the most frequent compositions as systems, each from its frame of lowest energy.

    Args:
        survey: of the labels.
        folder: for structure files, as named in the settings file.
    """
    formulas: dict[str, list[int]] = {}
    for index, frame in enumerate(survey.frames):
        if len(frame) > 1:
            formulas.setdefault(frame.to_atoms().get_chemical_formula("hill"), []).append(index)
    if not formulas:
        raise InputError(f"{survey.path}: holds only single atoms; expected frames to start from")
    systems: list[dict[str, Any]] = []
    atoms: list[int] = []
    starts: dict[str, Frame] = {}
    for formula in sorted(formulas, key=lambda name: -len(formulas[name]))[:MOST_SYSTEMS]:
        own = formulas[formula]
        lowest = min(own, key=lambda k: float(survey.frames[k].energy or 0.0))
        file = f"{folder}/{formula}.xyz"
        hot = [survey.temperatures[k] for k in own] if survey.temperatures else []
        system: dict[str, Any] = {"name": formula, "file": file}
        copies = _copies(survey.frames[lowest])
        if max(copies) > 1:
            system["replicate"] = copies
        if hot:  # an instant's temperature fluctuates: the end of the range is no target
            system["temperature"] = _round(np.quantile(hot, 0.9))
        systems.append(system)
        atoms.append(len(survey.frames[lowest]) * math.prod(copies))
        bare = survey.frames[lowest].replace(energy=None, forces=None, stress=None, info={})
        starts[file] = bare
    return StartingPoint(systems, atoms, survey.elements, starts)


def from_structures(files: Sequence[Path], base: Path) -> StartingPoint:
    """Use structure files (any format of ASE) as systems.

    Args:
        files: of the structures; the last configuration of each counts.
        base: folder of the settings file, to which paths are relative.
    """
    systems: list[dict[str, Any]] = []
    atoms: list[int] = []
    elements: set[str] = set()
    for file in files:
        structure = read_structure(file)
        name = _system_name(file)
        names = [system["name"] for system in systems]
        name = f"{name}-{len(systems) + 1}" if name in names else name
        systems.append({"name": name, "file": named_from(file, base)})
        atoms.append(len(structure))
        elements |= set(structure.get_chemical_symbols())
    return StartingPoint(systems, atoms, _by_number(elements), {})


def from_molecules(
    species: Mapping[str, int], box: float | None, density: float | None, base: Path
) -> StartingPoint:
    """Use one box of randomly packed molecules as the system.

    Args:
        species: number of each molecule, by a name of `systems` or by structure file.
        box: edge of the cube (Å), or None.
        density: g/cm^3, or None.
        base: folder of the settings file, to which paths are relative.
    """
    if (box is None) == (density is None):
        raise InputError("--species needs a size of the box: give either --box or --density")
    files = {name: Path(name) for name in species if Path(name).suffix}
    known = {_system_name(file): file for file in files.values()}
    counts = {_system_name(files[n]) if n in files else n: k for n, k in species.items()}
    elements = {s for name in counts for s in molecule(name, known).get_chemical_symbols()}
    name = "-".join(f"{count}{name}" for name, count in counts.items())
    system: dict[str, Any] = {"name": name, "species": counts}
    if known:
        system["molecules"] = {name: named_from(file, base) for name, file in known.items()}
    system |= {"box": box} if box is not None else {"density": density}
    packed = SystemSettings.model_validate({"species": counts, "molecules": known, "box": 1.0})
    return StartingPoint([system], [count_atoms(packed)], _by_number(elements), {})


def first_settings(
    profile: str,
    *,
    start: StartingPoint | None,
    survey: LabelSurvey | None,
    labels: str | None,
    elements: Sequence[str] | None,
    temperature: float | None,
    processes: int,
) -> FirstSettings:
    """Return the settings file for the known facts of a system.

    Args:
        profile: name of the sizes.
        start: systems to explore, or None if unknown.
        survey: of the labels, or None if there are none yet.
        labels: their file, as named in the settings.
        elements: in the student's order, or None.
        temperature: K, of all systems; None: that of the labels.
        processes: that may run at the same time.

    Raises:
        InputError: an element is unknown, or one of the labels or systems is not in `elements`.
    """
    notes: list[str] = []
    open_: dict[str, str] = {}
    symbols = _elements(elements, start, survey)
    systems = [dict(system) for system in start.systems] if start else []
    for system in systems:
        if temperature is not None:
            system["temperature"] = temperature
        elif "temperature" not in system:
            system["temperature"] = DEFAULT_TEMPERATURE
            notes.append(
                f"systems: {system['name']} at {DEFAULT_TEMPERATURE:g} K, which is assumed; "
                "expected somewhat above the temperature of use"
            )
    if not symbols:
        open_["elements"] = "the chemical symbols of your system, such as [C, H, O]"
    if not systems:
        open_["systems"] = (
            "systems to explore: molecules to pack, such as {name: methanol, species: {CH3OH: 4}, "
            "density: 0.5, temperature: 600.0, runs: 12}, or a structure file, such as "
            "{name: slab, file: slab.xyz, temperature: 600.0, runs: 12}"
        )
    masses = [float(atomic_masses[atomic_numbers[symbol]]) for symbol in symbols]
    split = _split(len(survey.frames)) if survey else _split(EXPECTED_LABELS)
    total = len(survey.frames) if survey else EXPECTED_LABELS
    sized = sized_settings(
        find_profile(profile),
        systems=max(1, len(systems)),
        atoms=float(np.mean(start.atoms)) if start else 50.0,
        lightest=min(masses, default=1.0),
        temperature=max([s["temperature"] for s in systems], default=DEFAULT_TEMPERATURE),
        labels=total - split["valid"] - split["test"],
        processes=processes,
    )
    runs = sized.pop("runs")
    for system in systems:
        system["runs"] = runs
    if survey is not None and labels is not None:
        notes = [*_describe(survey), *notes]
        data = {"path": labels, "keys": _keys(survey)}
    else:
        data = {"path": LABELS_FILE, "keys": {"group": "traj"}}
    values = {
        "seed": 1,
        "rounds": sized.pop("rounds"),
        "elements": symbols,
        "teacher": {"kind": "sevennet", "model": "7net-0", "workers": processes},
        "reference": {"data": [data], "split": split},
        "systems": systems,
        **sized,
    }
    notes.append("teacher: SevenNet-0, which comes with its package; others: docs/teachers.md")
    return FirstSettings(values, notes, open_)


def write_starts(start: StartingPoint, base: Path) -> None:
    """Write the structures that the systems name; `base` is the folder of the settings file."""
    for name, frame in start.starts.items():
        path = base / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_frames(path, [frame])


def named_from(file: Path, base: Path) -> str:
    """Return a file's path relative to a settings file in `base`."""
    absolute = file.expanduser().absolute()
    folder = base.absolute()
    return str(absolute.relative_to(folder)) if absolute.is_relative_to(folder) else str(absolute)


def _elements(
    given: Sequence[str] | None, start: StartingPoint | None, survey: LabelSurvey | None
) -> list[str]:
    present = _by_number({*(start.elements if start else ()), *(survey.elements if survey else ())})
    if given is None:
        return present
    for symbol in given:
        if symbol not in atomic_numbers or symbol == "X":
            raise InputError(f"--elements has {symbol!r}, which is not a chemical symbol")
    missing = [symbol for symbol in present if symbol not in given]
    if missing:
        raise InputError(
            f"--elements {','.join(given)} lacks {', '.join(missing)}, which the frames hold"
        )
    return list(dict.fromkeys(given))


def _keys(survey: LabelSurvey) -> dict[str, Any]:
    """Return the keys that differ from the defaults."""
    return survey.keys.model_dump(exclude_defaults=True, exclude_unset=False) or {
        "energy": DataKeys().energy
    }


def _split(total: int) -> dict[str, int]:
    """Return a tenth for validation and a fifth held out; more if there are few frames."""
    valid = min(max(round(0.1 * total), 5), 500, max(1, total // 5))
    test = min(max(round(0.2 * total), 10), 1000, max(1, total // 4))
    return {"valid": valid, "test": test}


def _describe(survey: LabelSurvey) -> list[str]:
    keys = survey.keys
    lines = [
        f"labels: {len(survey.frames)} frames of "
        f"{len(Counter(str(sorted(frame.numbers)) for frame in survey.frames))} compositions; "
        f"energy under {keys.energy!r}, forces under {keys.forces!r}"
    ]
    stress = sum(frame.stress is not None for frame in survey.frames)
    if stress:
        lines.append(f"labels: {keys.stress_is} under {keys.stress!r} in {stress} frames")
    for label, others in survey.others.items():
        lines.append(
            f"labels: {label} could also be {', '.join(map(repr, others))}; if so, change "
            "reference.data[0].keys"
        )
    if survey.unlabelled:
        lines.append(
            f"labels: {survey.unlabelled} frames lack an energy or forces; remove them from the "
            "file, or `ipip run` will refuse it"
        )
    if keys.group is not None:
        lines.append(f"groups: {survey.groups} under {keys.group!r}; no group is in two parts")
    else:
        some = [f"{key!r} ({count} values)" for key, count in survey.group_candidates.items()]
        lines.append(
            "groups: no key names the trajectory of a frame"
            + (f" (could be {', '.join(some)})" if some else "")
            + ": frames are split one by one, and neighbours of training frames make held-out "
            "errors too small; if they are from MD, name the key as reference.data[0].keys.group"
        )
    if survey.temperature_key is not None:
        low, high = min(survey.temperatures), max(survey.temperatures)
        lines.append(f"temperatures: {low:g} to {high:g} K under {survey.temperature_key!r}")
    return lines


def _by_number(elements: set[str]) -> list[str]:
    return sorted(elements, key=lambda symbol: atomic_numbers[symbol])


def _copies(frame: Frame) -> list[int]:
    """Return how often to repeat a cell along each lattice vector shorter than twice the cutoff.

    In a cell thinner than the cutoff an atom is its own neighbour, and moves with its images.
    """
    if not frame.pbc.any():
        return [1, 1, 1]
    heights = 1.0 / np.linalg.norm(np.linalg.pinv(frame.cell), axis=0)
    cutoff = PaiNNSettings().cutoff
    return [
        max(1, math.ceil(cutoff / height - 1e-6)) if periodic else 1
        for height, periodic in zip(heights, frame.pbc, strict=True)
    ]


def _round(kelvin: float) -> float:
    return float(max(10.0, 10.0 * round(kelvin / 10.0)))


def _system_name(file: Path) -> str:
    """Return a file's name as the name of a system or molecule."""
    return re.sub(r"[^A-Za-z0-9_.+-]+", "-", file.stem).lstrip("_.+-") or "system"
