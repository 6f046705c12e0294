"""Frames of one composition in several electronic states, which a student cannot distinguish."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import numpy as np
from ase.data import chemical_symbols

from ipip.data.electronic_state import charge_of, multiplicity_of
from ipip.data.frame import Frame
from ipip.errors import InputError

State = tuple[float, int | None]


def describe_mixed_states(frames: Iterable[Frame]) -> str | None:
    """Return a warning if frames of one composition have several charges or multiplicities.

    A student reads only elements and positions. It can learn a state that follows from the
    composition, such as the charge of an ion; it averages over two states of one composition.

    Args:
        frames: of one training.
    """
    states: dict[bytes, Counter[State]] = {}
    names: dict[bytes, Frame] = {}
    for frame in frames:
        key = np.sort(frame.numbers).tobytes()
        names.setdefault(key, frame)
        states.setdefault(key, Counter())[_state(frame)] += 1
    for key, counts in states.items():
        if len(counts) > 1:
            listed = ", ".join(f"{_words(state)} ({n})" for state, n in counts.most_common(4))
            return (
                f"frames of one composition, {_formula(names[key])}, have different states: "
                f"{listed}; a student reads no charge and no spin and learns their mean: train one "
                "student for each state, such as with `where: {charge: -1}` under the data file"
            )
    return None


def _state(frame: Frame) -> State:
    try:
        return (
            charge_of(frame.info, frame.arrays) or 0.0,
            multiplicity_of(frame.info, frame.arrays),
        )
    except InputError:
        return (0.0, None)


def _words(state: State) -> str:
    charge, multiplicity = state
    spin = "" if multiplicity is None else f", multiplicity {multiplicity}"
    return f"charge {charge:g}{spin}"


def _formula(frame: Frame) -> str:
    counts = Counter(chemical_symbols[number] for number in frame.numbers)
    return "".join(f"{symbol}{n if n > 1 else ''}" for symbol, n in sorted(counts.items()))
