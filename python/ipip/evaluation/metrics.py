"""Errors of predicted labels: pure functions on frames."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from ase.data import chemical_symbols
from typing_extensions import TypedDict  # that of `typing` can be validated from Python 3.12 on

from ipip.data.frame import Frame
from ipip.data.provenance import config_type_of
from ipip.errors import InputError

FloatArray = npt.NDArray[np.float64]


class SetErrors(TypedDict, total=False):
    """Errors of a set of frames; a key is absent if its labels are."""

    n_frames: int
    n_atoms: int
    force_mae_ev_per_a: float
    force_rmse_ev_per_a: float
    energy_mae_mev_per_atom: float
    energy_rmse_mev_per_atom: float
    stress_mae_ev_per_a3: float
    stress_rmse_ev_per_a3: float


class ElementErrors(TypedDict):
    """Force errors on the atoms of one element."""

    n_atoms: int
    force_mae_ev_per_a: float
    force_rmse_ev_per_a: float


class Metrics(SetErrors, total=False):
    """Errors of all frames and of parts of them."""

    by_element: dict[str, ElementErrors]
    by_config_type: dict[str, SetErrors]
    uncertainty: dict[str, Any]  # see `ipip.uncertainty.Reliability`


def energy_errors(reference: Sequence[Frame], predicted: Sequence[Frame]) -> FloatArray:
    """Return [n_frames] predicted minus reference energy, eV/atom; NaN if unknown."""
    _check(reference, predicted)
    return np.array(
        [
            np.nan if r.energy is None or p.energy is None else (p.energy - r.energy) / len(r)
            for r, p in zip(reference, predicted, strict=True)
        ]
    )


def force_errors(reference: Sequence[Frame], predicted: Sequence[Frame]) -> list[FloatArray]:
    """Return for each frame [n, 3] predicted minus reference forces, eV/Å; NaN if unknown."""
    _check(reference, predicted)
    return [
        np.full((len(r), 3), np.nan)
        if r.forces is None or p.forces is None
        else p.forces - r.forces
        for r, p in zip(reference, predicted, strict=True)
    ]


def metrics(reference: Sequence[Frame], predicted: Sequence[Frame]) -> Metrics:
    """Compare predicted labels with reference labels.

    Force errors are over Cartesian components; energy errors are per atom, over frames. Absent
    labels do not count.

    Args:
        reference: frames with reference labels.
        predicted: the same frames, in the same order, with predicted labels.

    Raises:
        InputError: the frames differ.
    """
    _check(reference, predicted)
    result: dict[str, Any] = dict(_errors(reference, predicted))
    result["by_element"] = _by_element(reference, predicted)
    kinds: dict[str, list[int]] = {}
    for index, frame in enumerate(reference):
        kinds.setdefault(config_type_of(frame), []).append(index)
    result["by_config_type"] = {
        kind: _errors([reference[i] for i in chosen], [predicted[i] for i in chosen])
        for kind, chosen in sorted(kinds.items())
    }
    return Metrics(**result)  # type: ignore[typeddict-item]


def _errors(reference: Sequence[Frame], predicted: Sequence[Frame]) -> dict[str, float]:
    result: dict[str, float] = {
        "n_frames": len(reference),
        "n_atoms": sum(len(frame) for frame in reference),
    }
    pairs = list(zip(reference, predicted, strict=True))
    forces = [
        error
        for error, (r, p) in zip(force_errors(reference, predicted), pairs, strict=True)
        if r.forces is not None and p.forces is not None
    ]
    if forces:
        result |= _force_figures(np.concatenate(forces))
    energies = [
        error
        for error, (r, p) in zip(energy_errors(reference, predicted), pairs, strict=True)
        if r.energy is not None and p.energy is not None
    ]
    if energies:
        per_atom = np.array(energies) * 1000.0
        result["energy_mae_mev_per_atom"] = float(np.abs(per_atom).mean())
        result["energy_rmse_mev_per_atom"] = float(np.sqrt(np.mean(per_atom**2)))
    stresses = [
        p.stress - r.stress for r, p in pairs if r.stress is not None and p.stress is not None
    ]
    if stresses:
        misfit = np.stack(stresses)
        result["stress_mae_ev_per_a3"] = float(np.abs(misfit).mean())
        result["stress_rmse_ev_per_a3"] = float(np.sqrt(np.mean(misfit**2)))
    return result


def _force_figures(errors: FloatArray) -> dict[str, float]:
    return {
        "force_mae_ev_per_a": float(np.abs(errors).mean()),
        "force_rmse_ev_per_a": float(np.sqrt(np.mean(errors**2))),
    }


def _by_element(
    reference: Sequence[Frame], predicted: Sequence[Frame]
) -> dict[str, dict[str, float]]:
    errors: dict[int, list[FloatArray]] = {}
    all_errors = force_errors(reference, predicted)
    for r, p, error in zip(reference, predicted, all_errors, strict=True):
        if r.forces is None or p.forces is None:
            continue
        for number in np.unique(r.numbers):
            errors.setdefault(int(number), []).append(error[r.numbers == number])
    result = {}
    for number, parts in sorted(errors.items()):
        own = np.concatenate(parts)
        result[chemical_symbols[number]] = {"n_atoms": len(own)} | _force_figures(own)
    return result


def _check(reference: Sequence[Frame], predicted: Sequence[Frame]) -> None:
    if len(reference) != len(predicted):
        raise InputError(
            f"{len(predicted)} predicted frames for {len(reference)} reference frames; expected "
            "equal numbers"
        )
    for index, (r, p) in enumerate(zip(reference, predicted, strict=True)):
        if not np.array_equal(r.numbers, p.numbers):
            raise InputError(f"frame {index}: predicted and reference frames hold different atoms")
