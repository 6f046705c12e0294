"""From a file's own keys to checked frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ase import Atoms

from ipip.config.data import DataKeys
from ipip.data.frame import Frame
from ipip.data.parsed import ParsedFrame, plain
from ipip.data.units import EV_PER
from ipip.errors import InputError
from ipip.graph import check_apart

LABELS = ("energy", "forces", "stress")
FloatArray = npt.NDArray[np.float64]


def frames_from_parsed(
    parsed: Sequence[ParsedFrame],
    keys: DataKeys,
    source: str,
    require: Sequence[str],
    first: int | None = None,
) -> list[Frame]:
    """Read the labels of all frames of one file, or of a part of it.

    Args:
        parsed: the frames.
        keys: names of the labels.
        source: name of the file, for messages.
        require: labels that every frame must have (of `energy`, `forces`, `stress`).
        first: index of the first frame in the file, where these are a part of it; a part may lack
            stresses altogether.

    Returns:
        Frames whose `info` holds what else the file says of a frame, with `config_type` under that
        name.

    Raises:
        InputError: a required label or group is missing, or a value has a wrong shape or is not
            finite.
    """
    frames = [
        _frame(one, keys, f"{source}, frame {index}")
        for index, one in enumerate(parsed, first or 0)
    ]
    if first is not None:
        source = f"{source}, frames from {first} on"
    for label in require:
        missing = [index for index, frame in enumerate(frames) if getattr(frame, label) is None]
        if missing:
            raise InputError(_missing(label, getattr(keys, label), missing, parsed, source))
    custom_stress = keys.stress is not None and keys.stress != DataKeys().stress
    if first is None and custom_stress and all(frame.stress is None for frame in frames):
        missing = list(range(len(frames)))
        raise InputError(_missing("stress", keys.stress, missing, parsed, source))
    if keys.group is not None:
        missing = [index for index, frame in enumerate(frames) if keys.group not in frame.info]
        if missing:
            raise InputError(_missing("group", keys.group, missing, parsed, source))
    return frames


def _missing(
    label: str,
    key: str | None,
    missing: list[int],
    parsed: Sequence[ParsedFrame],
    source: str,
) -> str:
    first = parsed[missing[0]]
    per_atom = label == "forces"
    found = ", ".join(sorted(first.per_atom if per_atom else first.per_frame)) or "none"
    who = (
        "no frame has"
        if len(missing) == len(parsed)
        else f"{len(missing)} of {len(parsed)} frames (the first is frame {missing[0]}) lack"
    )
    kind = "per-atom" if per_atom else "per-frame"
    name = {"group": "the group", "forces": "forces", "energy": "an energy", "stress": "a stress"}
    option = "" if label == "group" else f", --{label}-key on the command line"
    return (
        f"{source}: {who} {name[label]} under the key {key!r}; {kind} keys there: {found}; "
        f"name the right one (keys.{label} in settings{option}) or "
        "leave such frames out"
    )


def _frame(parsed: ParsedFrame, keys: DataKeys, where: str) -> Frame:
    atoms = parsed.atoms
    n = len(atoms)
    unit = EV_PER[keys.units]
    rest = dict(parsed.per_frame)
    energy = _scalar(rest.pop(keys.energy, None), f"{where}: energy {keys.energy!r}")
    forces = parsed.per_atom.get(keys.forces)
    if forces is None:  # a database keeps arrays beside the frame's values
        forces = rest.pop(keys.forces, None)
    if forces is not None:
        forces = _array(forces, f"{where}: forces {keys.forces!r}")
        if forces.shape != (n, 3):
            raise InputError(
                f"{where}: forces {keys.forces!r} have shape {forces.shape}; expected ({n}, 3)"
            )
    elif n == 1:
        forces = np.zeros((1, 3))  # one atom alone feels none, by symmetry
    stress = None
    if keys.stress is not None and rest.get(keys.stress) is not None:
        volume = abs(float(np.linalg.det(atoms.cell.array)))
        stress = _stress(rest.pop(keys.stress), keys, volume, where) * unit
    positions = np.array(atoms.positions, dtype=np.float64)
    cell = np.array(atoms.cell.array, dtype=np.float64)
    for what, values in (
        ("energy", energy),
        ("forces", forces),
        ("stress", stress),
        ("positions", positions),
        ("cell", cell),
    ):
        if values is not None and not np.isfinite(values).all():
            raise InputError(
                f"{where}: the {what} {_worst(what, values)} not finite; repair or drop that frame"
            )
    _check_apart(atoms, where)
    weight = _scalar(rest.pop(keys.weight, None), f"{where}: weight {keys.weight!r}", "no unit")
    if weight is not None and not 0.0 <= weight < np.inf:
        raise InputError(f"{where}: weight {keys.weight!r} is {weight:g}; expected 0 or more")
    info = {key: plain(value) for key, value in rest.items() if key not in LABELS}
    if keys.config_type in info:
        info["config_type"] = str(info.pop(keys.config_type))
    return Frame(
        numbers=np.array(atoms.numbers, dtype=np.int64),
        positions=positions,
        cell=cell,
        pbc=np.array(atoms.pbc, dtype=bool),
        energy=None if energy is None else energy * unit,
        forces=None if forces is None else forces * unit,
        stress=stress,
        info=info,
        weight=1.0 if weight is None else weight,
    )


def _check_apart(atoms: Atoms, where: str) -> None:
    """Refuse two atoms at the same place; a cell without volume is refused where it is used."""
    periodic = atoms.pbc & (abs(float(np.linalg.det(atoms.cell.array))) > 1e-8)
    try:
        check_apart(atoms.positions, atoms.cell.array, periodic)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None


def _worst(what: str, values: Any) -> str:
    if what in ("forces", "positions"):
        return f"of atom {int(np.argwhere(~np.isfinite(values))[0, 0])} are"
    return f"({np.asarray(values).ravel().tolist() if np.ndim(values) else values}) is"


def _scalar(value: Any, what: str, unit: str = "in eV") -> float | None:
    if value is None:
        return None
    if isinstance(value, bool | str | dict) or np.size(value) != 1:
        raise InputError(f"{what} is {plain(value)!r}; expected one number ({unit})")
    return float(np.asarray(value, dtype=np.float64).reshape(()))


def _array(value: Any, what: str) -> FloatArray:
    try:
        return np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"{what} are not numbers") from None


def _stress(value: Any, keys: DataKeys, volume: float, where: str) -> FloatArray:
    given = _array(value, f"{where}: the numbers of {keys.stress!r}")
    if given.size == 9:
        full = given.reshape(3, 3)
    elif given.size == 6:
        xx, yy, zz, yz, xz, xy = given.ravel()
        full = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    else:
        raise InputError(
            f"{where}: {keys.stress!r} has {given.size} numbers; expected 6 (xx yy zz yz xz xy) "
            "or 9"
        )
    if keys.stress_is == "virial":
        if volume == 0.0:
            raise InputError(
                f"{where}: a virial needs a cell with a volume; set keys.stress to null for this "
                "file"
            )
        full = -full / volume
    return full
