"""A frame's electronic state, which a calculator may read: charge, spin, moments, fields.

Two frames of one geometry in different states have different labels. So the state stays with a
  frame in files, teachers and students' MD, and is part of the frame's identity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from ipip.config.state_keys import CHARGE_KEYS, MULTIPLICITY_KEYS, UNPAIRED_KEYS, is_state
from ipip.errors import InputError

ATOM_KEYS = ("initial_charges", "initial_magmoms", "tags")
"""Arrays over the atoms that belong to it: ASE's initial charges and moments, and its tags."""

Arrays = dict[str, npt.NDArray[Any]]


def state_in(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a frame's info that belongs to its electronic state."""
    return {key: value for key, value in info.items() if is_state(key) and value is not None}


def atom_state_in(arrays: Mapping[str, Any], n_atoms: int) -> Arrays:
    """Return the arrays over atoms that belong to the electronic state.

    Arrays of zeros are omitted: ASE assumes zeros for missing ones.
    """
    found: Arrays = {}
    for key in ATOM_KEYS:
        values = arrays.get(key)
        if values is None:
            continue
        array = np.asarray(values, dtype=np.int64 if key == "tags" else np.float64)
        if array.shape[:1] == (n_atoms,) and array.any():
            found[key] = array
    return found


def charge_of(info: Mapping[str, Any], arrays: Mapping[str, Any]) -> float | None:
    """Return a frame's charge (e): that of its info, else the sum of its initial charges.

    Raises:
        InputError: two keys state different charges.
    """
    found = _stated(info, CHARGE_KEYS)
    if found is None and "initial_charges" in arrays:
        return round(float(np.sum(arrays["initial_charges"])), 6)
    return found


def multiplicity_of(info: Mapping[str, Any], arrays: Mapping[str, Any]) -> int | None:
    """Return a frame's multiplicity 2S+1, or None if nothing states it.

    A key that names it, or the number of unpaired electrons, takes precedence over `spin`, which is
    also read as 2S+1, and this over the sum of collinear initial moments.

    Raises:
        InputError: two keys state different ones, or one is not a multiplicity.
    """
    found = _stated(info, MULTIPLICITY_KEYS[:3])
    unpaired = _stated(info, UNPAIRED_KEYS)
    if found is not None and unpaired is not None and found != unpaired + 1:
        raise InputError(f"a frame has multiplicity {found:g} and {unpaired:g} unpaired electrons")
    if found is None:
        found = unpaired + 1 if unpaired is not None else _stated(info, MULTIPLICITY_KEYS[3:])
    moments = arrays.get("initial_magmoms")
    if found is None and moments is not None and np.ndim(moments) == 1:
        moment = abs(float(np.sum(moments)))
        found = 1.0 + round(moment) if abs(moment - round(moment)) < 0.05 else None
    if found is not None and (found < 1 or found != int(found)):
        raise InputError(
            f"a frame has the multiplicity {found:g} (keys multiplicity, uhf + 1 or spin, which is "
            "read as 2S+1); expected 1, 2, 3, ...: write it as multiplicity=2S+1"
        )
    return None if found is None else int(found)


def has_charge_or_spin(info: Mapping[str, Any], arrays: Mapping[str, Any]) -> bool:
    """Return whether a frame has a charge other than 0 or a multiplicity other than 1."""
    try:
        charge, multiplicity = charge_of(info, arrays), multiplicity_of(info, arrays)
    except InputError:
        return True
    return bool(charge) or multiplicity not in (None, 1)


def calculator_info(info: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state under every name that calculators read.

    `charge` and `total_charge`, `multiplicity`, `spin` and `total_spin` are aliases; values
    of the frame stay unchanged. A `spin` that is not a multiplicity has no alias.

    Raises:
        InputError: two keys contradict each other.
    """
    state = state_in(info)
    charge = charge_of(info, arrays)
    names: dict[str, Any] = {}
    if charge is not None:
        whole = int(charge) if charge == int(charge) else charge
        names = {"charge": whole, "total_charge": whole}
    clear = {*MULTIPLICITY_KEYS[:3], *UNPAIRED_KEYS} & {key.lower() for key in state}
    try:
        multiplicity = multiplicity_of(info, arrays)
    except InputError:
        if clear:
            raise
        multiplicity = None
    if multiplicity is not None:
        names |= dict.fromkeys(("multiplicity", "spin", "total_spin"), multiplicity)
    return names | state


def _stated(info: Mapping[str, Any], keys: Sequence[str]) -> float | None:
    """Return the one number under any of these keys, or None if there is no number."""
    found: dict[str, float] = {}
    for key, value in info.items():
        if str(key).lower() not in keys or value is None:
            continue
        if isinstance(value, bool | str | dict) or np.size(value) != 1:
            continue  # another property of this name, such as a list over atoms
        found[str(key)] = float(np.reshape(value, ()))
    if len(set(found.values())) > 1:
        stated = ", ".join(f"{key}={value:g}" for key, value in found.items())
        raise InputError(f"a frame has {stated}, which contradict each other; correct the file")
    return next(iter(found.values()), None)


def describe_state(info: Mapping[str, Any], arrays: Mapping[str, Any]) -> str:
    """Return the electronic state in words, such as `charge -1, multiplicity 2`; "" for none."""
    words = [f"{key} {_short(value)}" for key, value in sorted(state_in(info).items())]
    words += [f"{key} (sum {_short(np.sum(arrays[key]))})" for key in ATOM_KEYS if key in arrays]
    return ", ".join(words)


def _short(value: Any) -> str:
    if isinstance(value, int | float | np.number) and not isinstance(value, bool):
        return f"{float(value):g}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + " ".join(_short(item) for item in value) + "]"
    return str(value)
