"""Frames, and arrays, as JSON values, bit for bit."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ipip.data.frame import Frame

_ARRAYS = ("numbers", "positions", "cell", "pbc", "forces", "stress")
# Keys that no frame's info has: one that begins like them is stored as a list of pairs.
_MARK = "$"
_ARRAY, _NUMPY, _TUPLE, _PAIRS = "$array", "$number", "$tuple", "$pairs"


def plain_frame(frame: Frame) -> dict[str, Any]:
    """Return a frame as JSON values, with its labels and all that is known of it."""
    return {
        **{name: _plain(getattr(frame, name)) for name in _ARRAYS},
        "energy": _plain(frame.energy),
        "weight": frame.weight,
        "info": _plain(frame.info),
        "arrays": _plain(dict(frame.arrays)),
    }


def frame_of(plain: Mapping[str, Any]) -> Frame:
    """Return the frame that `plain_frame` was given."""
    return Frame(**{name: _value(value) for name, value in plain.items()})


def plain_array(array: npt.NDArray[Any]) -> dict[str, Any]:
    """Return an array as JSON values."""
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {_ARRAY: data, "dtype": array.dtype.str, "shape": list(array.shape)}


def array_of(plain: Mapping[str, Any]) -> npt.NDArray[Any]:
    """Return the array that `plain_array` was given."""
    flat = np.frombuffer(base64.b64decode(plain[_ARRAY]), dtype=np.dtype(plain["dtype"]))
    return flat.reshape(plain["shape"]).copy()


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return plain_array(value)
    if isinstance(value, np.generic):
        return {_NUMPY: plain_array(np.asarray(value))}
    if isinstance(value, dict) and any(str(key).startswith(_MARK) for key in value):
        return {_PAIRS: [[str(key), _plain(item)] for key, item in value.items()]}
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return {_TUPLE: [_plain(item) for item in value]}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _value(plain: Any) -> Any:
    if isinstance(plain, dict):
        if set(plain) == {_ARRAY, "dtype", "shape"}:
            return array_of(plain)
        if set(plain) == {_NUMPY}:
            return array_of(plain[_NUMPY])[()]
        if set(plain) == {_PAIRS}:
            return {key: _value(item) for key, item in plain[_PAIRS]}
        if set(plain) == {_TUPLE}:
            return tuple(_value(item) for item in plain[_TUPLE])
        return {key: _value(item) for key, item in plain.items()}
    return [_value(item) for item in plain] if isinstance(plain, list) else plain
