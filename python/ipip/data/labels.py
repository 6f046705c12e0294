"""From a file's keys to checked frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ipip.config.data import DataKeys
from ipip.data.electronic_state import atom_state_in, calculator_info
from ipip.data.frame import Frame
from ipip.data.parsed import ParsedFrame, plain
from ipip.data.stated_units import Conversion, take_statements
from ipip.errors import InputError
from ipip.graph import check_apart

LABELS = ("energy", "forces", "stress")
FloatArray = npt.NDArray[np.float64]


@dataclasses.dataclass
class Remarks:
    """Remarks for the user on how a file was read.

    Attributes:
        units: units that the file states and that were converted, such as `energy-unit=hartree`.
        unknown_units: unknown units that it states, overridden by the settings.
        open_stresses: frames whose stress was dropped, since they are not periodic in three
            directions.
        broken_stresses: frames whose stress was dropped, since it is not finite.
        others: further sentences.
    """

    units: set[str] = dataclasses.field(default_factory=set)
    unknown_units: set[str] = dataclasses.field(default_factory=set)
    open_stresses: int = 0
    broken_stresses: int = 0
    others: list[str] = dataclasses.field(default_factory=list)
    _stating: str = ""  # a frame that states other units than eV and Å
    _silent: str = ""  # a frame with labels that states none

    def check_units(self, where: str, stated: bool, converted: bool) -> None:
        """Raise an InputError if one frame states its units and another does not."""
        if converted:
            self._stating = self._stating or where
        elif not stated:
            self._silent = self._silent or where
        if self._stating and self._silent:
            raise InputError(
                f"{self._silent}: states no units, but frame {self._stating.rsplit(' ', 1)[-1]} "
                "does; state them in every frame, or set keys.units (--units)"
            )

    def lines(self) -> list[str]:
        """Return one sentence for each."""
        lines = list(self.others)
        if self.units:
            lines.append(f"states {', '.join(sorted(self.units))}: converted to eV and Å")
        if self.unknown_units:
            lines.append(
                f"states {', '.join(sorted(self.unknown_units))}, which is unknown: read in the "
                "unit that keys.units (--units) names"
            )
        if self.open_stresses:
            lines.append(
                f"{_frames(self.open_stresses)} a stress without being periodic in three "
                "directions, for which it has no meaning: not read"
            )
        if self.broken_stresses:
            lines.append(
                f"{_frames(self.broken_stresses)} a stress that is not finite: not read, since no "
                "stress counts here (stress: null reads none)"
            )
        return lines


def _frames(count: int) -> str:
    return "1 frame has" if count == 1 else f"{count} frames have"


def frames_from_parsed(
    parsed: Sequence[ParsedFrame],
    keys: DataKeys,
    source: str,
    require: Sequence[str],
    first: int | None = None,
    *,
    remarks: Remarks | None = None,
    stress_counts: bool = False,
) -> list[Frame]:
    """Read the labels of all frames of one file, or of a part of it.

    Args:
        parsed: the frames.
        keys: names of the labels.
        source: name of the file, for messages.
        require: labels that every frame must have (of `energy`, `forces`, `stress`).
        first: index of the first frame in the file, where these are a part of it; a part may lack
            stresses altogether.
        remarks: receives warnings about these frames.
        stress_counts: whether a stress that is not finite is an error; else it is no label.

    Returns:
        Frames whose `info` holds the file's other values of the frame, with `config_type` under
        that name.

    Raises:
        InputError: a required label or group is missing, or a value has a wrong shape or is not
            finite.
    """
    remarks = Remarks() if remarks is None else remarks
    strict = stress_counts or "stress" in require
    dropped = remarks.open_stresses + remarks.broken_stresses
    frames = [
        _frame(one, keys, f"{source}, frame {index}", remarks, strict)
        for index, one in enumerate(parsed, first or 0)
    ]
    dropped = remarks.open_stresses + remarks.broken_stresses - dropped
    if first is not None:
        source = f"{source}, frames from {first} on"
    for label in require:
        missing = [index for index, frame in enumerate(frames) if getattr(frame, label) is None]
        if missing:
            raise InputError(_missing(label, getattr(keys, label), missing, parsed, source))
    custom_stress = keys.stress is not None and keys.stress != DataKeys().stress
    none = dropped == 0 and all(frame.stress is None for frame in frames)
    if first is None and custom_stress and none:
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
    existing = ", ".join(sorted(first.per_atom if per_atom else first.per_frame)) or "none"
    who = (
        "no frame has"
        if len(missing) == len(parsed)
        else f"{len(missing)} of {len(parsed)} frames (the first is frame {missing[0]}) lack"
    )
    kind = "per-atom" if per_atom else "per-frame"
    name = {"group": "the group", "forces": "forces", "energy": "an energy", "stress": "a stress"}
    option = "" if label == "group" else f", --{label}-key on the command line"
    return (
        f"{source}: {who} {name[label]} under the key {key!r}; {kind} keys there: {existing}; "
        f"name the right one (keys.{label} in settings{option}) or "
        "remove such frames"
    )


def _frame(
    parsed: ParsedFrame, keys: DataKeys, where: str, remarks: Remarks, strict: bool
) -> Frame:
    atoms = parsed.atoms
    n = len(atoms)
    rest = dict(parsed.per_frame)
    conversion = Conversion(take_statements(rest, keys, where), keys, where)
    energy = _scalar(rest.pop(keys.energy, None), f"{where}: energy {keys.energy!r}")
    if energy is not None:
        energy *= conversion.factor("energy")
    forces = parsed.per_atom.get(keys.forces)
    if forces is None:  # a database stores arrays among the frame's values
        forces = rest.pop(keys.forces, None)
    if forces is not None:
        forces = _array(forces, f"{where}: forces {keys.forces!r}") * conversion.factor("forces")
        if forces.shape != (n, 3):
            raise InputError(
                f"{where}: forces {keys.forces!r} have shape {forces.shape}; expected ({n}, 3)"
            )
    elif n == 1:
        forces = np.zeros((1, 3))  # a single atom feels none, by symmetry
    length = conversion.factor("length")
    bare = Frame(
        numbers=np.array(atoms.numbers, dtype=np.int64),
        positions=np.array(atoms.positions, dtype=np.float64) * length,
        cell=np.array(atoms.cell.array, dtype=np.float64) * length,
        pbc=np.array(atoms.pbc, dtype=bool),
    )
    stress = None
    if keys.stress is not None and (values := rest.pop(keys.stress, None)) is not None:
        stress = _stress(values, bare, conversion, where, remarks, strict)
    remarks.units |= conversion.converted
    remarks.unknown_units |= conversion.overruled
    if keys.units is None and (energy is not None or forces is not None):
        remarks.check_units(where, bool(conversion.stated), bool(conversion.converted))
    for what, values in (
        ("energy", energy),
        ("forces", forces),
        ("positions", bare.positions),
        ("cell", bare.cell),
    ):
        if values is not None and not np.isfinite(values).all():
            raise InputError(
                f"{where}: the {what} {_worst(what, values)} not finite; repair or drop that frame"
            )
    _check_apart(bare, where)
    weight = _scalar(rest.pop(keys.weight, None), f"{where}: weight {keys.weight!r}", "no unit")
    if weight is not None and not 0.0 <= weight < np.inf:
        raise InputError(f"{where}: weight {keys.weight!r} is {weight:g}; expected 0 or more")
    info = {key: plain(value) for key, value in rest.items() if key not in LABELS}
    arrays = atom_state_in(parsed.per_atom, n)
    try:
        calculator_info(info, arrays)
    except InputError as error:
        raise InputError(f"{where}: {error}") from None
    if keys.config_type in info:
        info["config_type"] = str(info.pop(keys.config_type))
    return bare.replace(
        energy=energy,
        forces=forces,
        stress=stress,
        info=info,
        weight=1.0 if weight is None else weight,
        arrays=arrays,
    )


def _check_apart(frame: Frame, where: str) -> None:
    """Refuse two atoms at the same place; a cell without volume is refused on use."""
    try:
        check_apart(frame.positions, frame.cell, frame.pbc & (frame.volume > 1e-8))
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


def _stress(
    value: Any,
    frame: Frame,
    conversion: Conversion,
    where: str,
    remarks: Remarks,
    strict: bool,
) -> FloatArray | None:
    """Return a stress in eV/Å^3; None if it is not a label."""
    keys = conversion.keys
    if not frame.may_have_stress:
        remarks.open_stresses += 1
        return None
    values = _array(value, f"{where}: the numbers of {keys.stress!r}")
    if not np.isfinite(values).all():
        if strict:
            raise InputError(
                f"{where}: the stress {_worst('stress', values)} not finite; repair or drop that "
                "frame, or read no stress (keys `stress: null` and stress_weight: 0)"
            )
        remarks.broken_stresses += 1
        return None
    if values.size == 9:
        full = values.reshape(3, 3)
    elif values.size == 6:
        xx, yy, zz, yz, xz, xy = values.ravel()
        full = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
    else:
        raise InputError(
            f"{where}: {keys.stress!r} has {values.size} numbers; expected 6 (xx yy zz yz xz xy) "
            "or 9"
        )
    if keys.stress_is == "virial":
        return -full / frame.volume * conversion.factor("virial")
    return full * conversion.factor("stress")
