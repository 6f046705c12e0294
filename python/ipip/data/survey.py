"""The content of a file of labels: keys, elements, groups, temperatures."""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ase.data import chemical_symbols

from ipip.config.data import DataKeys, EnergyUnit
from ipip.data.files import STORE_SUFFIXES, parse_frames, read_frames
from ipip.data.frame import Frame
from ipip.data.labels import frames_from_parsed
from ipip.data.parsed import ParsedFrame
from ipip.errors import InputError

# Names in files, without case and punctuation; earlier ones are preferred. A prefix such as ref or
# dft marks the level of training, as opposed to values of another level.
_PREFIXES = ("ref", "dft", "qm", "target", "true", "")
_ENERGY = ("energy", "totalenergy", "totenergy", "toten", "etot", "e", "freeenergy")
_FORCES = ("forces", "force", "f")
_STRESS = ("stress", "stresses", "virial", "virials")
_GROUP = (
    *("traj", "trajectory", "trajid", "trajectoryid", "trajname", "trajectoryname"),
    *("group", "groupid", "run", "runid", "runname", "mdrun", "replica", "simulation", "sim"),
    *("source", "sourcefile", "file", "filename", "origin", "parent"),
)
_KIND = ("configtype", "kind", "structuretype", "system", "name", "label")
_TEMPERATURE = (
    *("targettemperaturek", "targettemperature", "mdtemperature", "temperaturek", "temperature"),
    *("tk", "temp", "t", "tkelvin", "mdtemp"),
)
MIN_GROUPS = 3  # one each for training, validation and test


@dataclasses.dataclass(frozen=True)
class LabelSurvey:
    """The content of a file of labels.

    Attributes:
        path: of the file.
        keys: of its labels, as far as recognised.
        others: for each of energy, forces and stress, other candidate keys.
        frames: with labels, in the file's order; energies in eV.
        unlabelled: frames without energy or forces, which are not among `frames`.
        groups: number of groups under `keys.group`; 0 without such a key.
        group_candidates: further keys whose values repeat from frame to frame, and their numbers
            of values.
        temperatures: K, of each frame; empty without such a key.
        temperature_key: that key.
    """

    path: Path
    keys: DataKeys
    others: dict[str, list[str]]
    frames: list[Frame]
    unlabelled: int
    groups: int
    group_candidates: dict[str, int]
    temperatures: list[float]
    temperature_key: str | None

    @property
    def elements(self) -> list[str]:
        """Symbols of the elements, by atomic number."""
        numbers = sorted({int(z) for frame in self.frames for z in frame.numbers})
        return [chemical_symbols[number] for number in numbers]


def survey_labels(
    path: Path,
    *,
    energy: str | None = None,
    forces: str | None = None,
    group: str | None = None,
    units: EnergyUnit | None = None,
) -> LabelSurvey:
    """Search a file for labels, groups and temperatures.

    Args:
        path: file of labelled frames.
        energy: key of the energies, if known.
        forces: key of the forces, if known.
        group: key of the groups, if known.
        units: energy unit of the file; None: as it states, else eV.

    Raises:
        InputError: unreadable file, or no key that looks like an energy or like forces; lists
            the existing keys.
    """
    if path.suffix.lower() in STORE_SUFFIXES:  # its keys are fixed
        frames = read_frames(path)
        per_frame = [dict(frame.info) for frame in frames]
        keys, others, missing = DataKeys(), dict[str, list[str]](), 0
    else:
        parsed = parse_frames(path)
        keys, others = _label_keys(parsed, str(path), energy, forces)
        keys = keys.model_copy(update={"units": units})
        whole = [one for one in parsed if _is_labelled(one, keys)]
        missing = len(parsed) - len(whole)
        frames = frames_from_parsed(whole, keys, str(path), ("energy", "forces"))
        per_frame = [frame.info for frame in frames]
    if not frames:
        raise InputError(f"{path}: no frame has both an energy and forces")
    found, candidates = _groups(per_frame, keys, group, str(path))
    temperature_key = _best(_shared(per_frame), _TEMPERATURE, ("",))
    temperatures: list[float] = []
    if temperature_key is not None:
        values = [one[temperature_key] for one in per_frame]
        if all(isinstance(value, int | float) and 1 <= value <= 1e5 for value in values):
            temperatures = [float(value) for value in values]
    return LabelSurvey(
        path=path,
        keys=keys.model_copy(update={"group": found}),
        others=others,
        frames=frames,
        unlabelled=missing,
        groups=len({str(one[found]) for one in per_frame}) if found else 0,
        group_candidates=candidates,
        temperatures=temperatures,
        temperature_key=temperature_key if temperatures else None,
    )


def _label_keys(
    parsed: Sequence[ParsedFrame], source: str, energy: str | None, forces: str | None
) -> tuple[DataKeys, dict[str, list[str]]]:
    scalars = Counter(key for one in parsed for key in _scalars(one.per_frame))
    vectors = Counter(key for one in parsed for key in _vectors(one))
    tensors = Counter(key for one in parsed for key in _tensors(one.per_frame))
    energies = _ranked(scalars, _ENERGY, _PREFIXES)
    pushes = _ranked(vectors, _FORCES, _PREFIXES)
    given = {"energy": energy or next(iter(energies), None)}
    prefix = _prefix(given["energy"], _ENERGY)
    alike = [key for key in pushes if _prefix(key, _FORCES) == prefix]
    given["forces"] = forces or next(iter([*alike, *pushes]), None)
    for label, options, counted in (
        ("energy", "--energy-key", scalars),
        ("forces", "--forces-key", vectors),
    ):
        name = given[label]
        if name is None or not counted[name]:
            kind = "per-frame numbers" if label == "energy" else "per-atom vectors"
            missing = f"{name!r} is none" if name else f"none looks like {label}, out"
            raise InputError(
                f"{source}: {missing} of its {kind}: {', '.join(sorted(counted)) or 'none'}; name "
                f"the key with {options}"
            )
    stresses = _ranked(tensors, _STRESS, _PREFIXES)
    alike = [key for key in stresses if _prefix(key, _STRESS) == prefix]
    # A stress is preferred to a virial; one of another level than the energy is no label.
    stress = next((key for key in alike if "stress" in _plain(key)), next(iter(alike), None))
    kinds = _best(_shared([one.per_frame for one in parsed]), _KIND[:3], ("",))
    keys = DataKeys(
        energy=str(given["energy"]),
        forces=str(given["forces"]),
        stress=stress or (None if stresses else DataKeys().stress),
        stress_is="virial" if stress and "virial" in _plain(stress) else "stress",
        config_type=kinds or DataKeys().config_type,
    )
    others = {
        "energy": [key for key in energies if key != keys.energy],
        "forces": [key for key in pushes if key != keys.forces],
        "stress": [key for key in stresses if key != stress],
    }
    return keys, {name: rest for name, rest in others.items() if rest}


def _is_labelled(parsed: ParsedFrame, keys: DataKeys) -> bool:
    forces = keys.forces in parsed.per_atom or keys.forces in parsed.per_frame
    return keys.energy in parsed.per_frame and (forces or len(parsed.atoms) == 1)


def _groups(
    per_frame: Sequence[dict[str, Any]], keys: DataKeys, given: str | None, source: str
) -> tuple[str | None, dict[str, int]]:
    """Return the key of the groups, and other candidates, with their numbers of values."""
    shared = _shared(per_frame)
    if given is not None:
        if given not in shared:
            raise InputError(
                f"{source}: not every frame has {given!r}; the keys of all frames are: "
                f"{', '.join(sorted(shared)) or 'none'}"
            )
        return given, {}
    values = {
        key: len({str(one[key]) for one in per_frame})
        for key in shared
        if isinstance(per_frame[0][key], int | str) and not isinstance(per_frame[0][key], bool)
    }
    repeated = [key for key, count in values.items() if 1 < count <= len(per_frame) // 2]
    enough = [key for key in repeated if values[key] >= MIN_GROUPS]
    found = _best(enough, _GROUP, ("",))
    others = [key for key in repeated if _plain(key) in (*_GROUP, *_KIND) and key != found]
    return found, {key: values[key] for key in others}


def _shared(per_frame: Sequence[dict[str, Any]]) -> list[str]:
    """Return the keys that every frame has."""
    counts = Counter(key for one in per_frame for key in one)
    return [key for key, count in counts.items() if count == len(per_frame)]


def _scalars(values: dict[str, Any]) -> list[str]:
    return [
        key
        for key, value in values.items()
        if not isinstance(value, bool | str) and np.size(value) == 1 and _is_number(value)
    ]


def _tensors(values: dict[str, Any]) -> list[str]:
    return [key for key, value in values.items() if np.size(value) in (6, 9) and _is_number(value)]


def _vectors(parsed: ParsedFrame) -> list[str]:
    shape = (len(parsed.atoms), 3)
    values = {**parsed.per_frame, **parsed.per_atom}
    return [key for key, value in values.items() if np.shape(value) == shape and _is_number(value)]


def _is_number(value: Any) -> bool:
    return np.asarray(value).dtype.kind in "fiu"


def _plain(key: str | None) -> str:
    return re.sub(r"[^a-z0-9]", "", (key or "").lower())


def _prefix(key: str | None, names: Sequence[str]) -> str | None:
    plain = _plain(key)
    return next((prefix for prefix in _PREFIXES for name in names if plain == prefix + name), None)


def _ranked(counted: Counter[str], names: Sequence[str], prefixes: Sequence[str]) -> list[str]:
    """Return the keys that look like one of `names`, in that order; rare ones come last."""
    place = {
        prefix + name: number
        for number, (prefix, name) in enumerate((p, n) for p in prefixes for n in names)
    }
    matches = [key for key in counted if _plain(key) in place]
    most = max((counted[key] for key in matches), default=0)
    return sorted(matches, key=lambda key: (2 * counted[key] < most, place[_plain(key)], key))


def _best(keys: Sequence[str], names: Sequence[str], prefixes: Sequence[str]) -> str | None:
    return next(iter(_ranked(Counter(keys), names, prefixes)), None)
