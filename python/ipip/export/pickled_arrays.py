"""The weights of a model file of format version 1, which stores them only in TorchScript's form.

A pickle is a program for a small machine. Only its instructions that build plain values are
implemented here, so no code in the file is run. In C++: `cpp/src/model/pickled_arrays.cpp`.
"""

from __future__ import annotations

import dataclasses
import math
import pickletools
from collections.abc import Callable
from typing import Any

import numpy as np

from ipip.export.archive import Archive

LARGEST_PICKLE = 4 << 20  # bytes; a student has about 10 KB
MOST_VALUES = 200_000
DEEPEST = 32
MOST_EXTENTS = 8
MOST_COPIES = 16  # bytes of all tensors over those of the file
STORAGES: dict[str, np.dtype[Any]] = {
    "torch FloatStorage": np.dtype("<f4"),
    "torch DoubleStorage": np.dtype("<f8"),
}


class _Mark:
    """The start of a tuple, a list or a dictionary on the stack."""


@dataclasses.dataclass
class _Global:
    name: str


@dataclasses.dataclass
class _Module:
    members: dict[str, Any]


@dataclasses.dataclass
class _Storage:
    kind: str
    key: str


@dataclasses.dataclass
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_pickled_arrays(archive: Archive) -> dict[str, np.ndarray]:
    """Read the tensors of the module by their names.

    Raises:
        ValueError: the pickle does more than build a module of tensors, or a tensor does not match
            its record.
        InputError: a record is damaged.
    """
    if "byteorder" in archive.records and archive.read("byteorder", 16) != b"little":
        raise ValueError("it is not little-endian")
    module = _Machine().run(archive.read("data.pkl", LARGEST_PICKLE))
    if not isinstance(module, _Module):
        raise ValueError("it is not a module")
    tensors: dict[str, _Tensor] = {}
    _collect(module, "", 0, tensors)
    arrays, total = {}, 0
    for name, tensor in tensors.items():
        record = archive.records.get(f"data/{tensor.storage.key}")
        total += record.stored_size if record else 0
        if total > MOST_COPIES * archive.size:
            raise ValueError("its tensors are larger than the file")
        arrays[name] = _array(archive, name, tensor)
    return arrays


def _collect(module: _Module, prefix: str, depth: int, tensors: dict[str, _Tensor]) -> None:
    if depth > DEEPEST or len(tensors) > MOST_VALUES // 10:
        raise ValueError("its modules are nested too deep, or there are too many tensors")
    for name, value in module.members.items():
        if isinstance(value, _Module):
            _collect(value, f"{prefix}{name[:200]}.", depth + 1, tensors)
        elif isinstance(value, _Tensor):
            tensors[prefix + name[:200]] = value


def _array(archive: Archive, name: str, tensor: _Tensor) -> np.ndarray:
    dtype = STORAGES.get(tensor.storage.kind)
    if dtype is None:
        raise ValueError(f"tensor {name} is neither float32 nor float64")
    in_rows, stride = len(tensor.strides) == len(tensor.shape), 1
    for extent, step in zip(reversed(tensor.shape), reversed(tensor.strides), strict=False):
        in_rows = in_rows and (extent <= 1 or step == stride)
        stride *= extent
    data = archive.read(f"data/{tensor.storage.key}")
    size, room = math.prod(tensor.shape), len(data) // dtype.itemsize
    if not in_rows or min((tensor.offset, *tensor.shape)) < 0 or tensor.offset + size > room:
        raise ValueError(f"tensor {name} of shape {tensor.shape} does not fit its record")
    raw = np.frombuffer(data, dtype, size, tensor.offset * dtype.itemsize)
    return raw.reshape(tensor.shape).copy()


class _Machine:
    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}
        self.copied = 0

    def run(self, program: bytes) -> Any:
        try:
            for count, (code, argument, _) in enumerate(pickletools.genops(program)):
                if count > 8 * MOST_VALUES:
                    raise ValueError("it has too many values")
                if code.name == "STOP":
                    return self.stack[-1]
                step = STEPS.get(code.name)
                if step is None:
                    raise ValueError(f"its pickle has the instruction {code.name}")
                step(self, argument)
        except (IndexError, KeyError, TypeError, AttributeError):
            raise ValueError("its pickle reads an empty stack or memo") from None
        raise ValueError("its pickle is truncated")

    def pop(self) -> Any:
        value = self.stack.pop()
        if isinstance(value, _Mark):
            raise ValueError("its pickle reads an empty stack or memo")
        return value

    def pop_to_mark(self) -> list[Any]:
        items: list[Any] = []
        while not isinstance(self.stack[-1], _Mark):
            items.append(self.stack.pop())
        self.stack.pop()
        return items[::-1]

    def get(self, place: int) -> None:
        self.stack.append(self.memo[place])

    def put(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    def make_tuple(self, _: None) -> None:
        self.stack.append(tuple(self.pop_to_mark()))

    def make_pair(self, _: None) -> None:
        second = self.pop()
        self.stack.append((self.pop(), second))

    def append(self, _: None) -> None:
        item = self.pop()
        self._list().append(item)

    def extend(self, _: None) -> None:
        items = self.pop_to_mark()
        self._list().extend(items)

    def _list(self) -> list[Any]:
        if not isinstance(self.stack[-1], list):
            raise ValueError("it appends to a value that is not a list")
        return self.stack[-1]

    def set_items(self, _: None) -> None:
        items = self.pop_to_mark()
        target = self.stack[-1]
        names = items[::2]
        if not isinstance(target, dict) or not all(isinstance(name, str) for name in names):
            raise ValueError("it sets items of a value that is not a dictionary of names")
        if len(items) % 2 or len(set(names) | set(target)) != len(names) + len(target):
            raise ValueError("its names repeat or have no value")
        target.update(zip(names, items[1::2], strict=True))

    def call(self, _: None) -> None:
        arguments, function = self.pop(), self.pop()
        if not isinstance(function, _Global) or not isinstance(arguments, tuple):
            raise ValueError("it calls a value that is not a function")
        if function.name == "torch._utils _rebuild_tensor_v2":
            self.stack.append(_tensor(arguments))
        elif function.name == "collections OrderedDict" and not arguments:
            self.stack.append({})
        elif function.name.startswith("torch.jit._pickle ") and arguments:
            self.stack.append(arguments[0])  # a list, with the type of its items
        else:
            raise ValueError(f"it calls {function.name[:60]}")

    def make_module(self, _: None) -> None:
        arguments, kind = self.pop(), self.pop()
        if not isinstance(kind, _Global) or not kind.name.startswith("__torch__.") or arguments:
            raise ValueError("it creates an object that is not a module")
        self.stack.append(_Module({}))

    def build(self, _: None) -> None:
        state, module = self.pop(), self.stack[-1]
        if not isinstance(module, _Module) or not isinstance(state, dict) or module.members:
            raise ValueError("it sets the state of a value that is not a module")
        self.copied += len(state)
        if self.copied > MOST_VALUES:
            raise ValueError("it has too many values")
        module.members = dict(state)

    def find_storage(self, _: None) -> None:
        identity = self.pop()
        if not isinstance(identity, tuple) or len(identity) != 5 or identity[0] != "storage":
            raise ValueError("it has no storage")
        if not isinstance(identity[1], _Global) or not isinstance(identity[2], str):
            raise ValueError("it has no storage")
        self.stack.append(_Storage(identity[1].name, identity[2]))


def _tensor(arguments: tuple[Any, ...]) -> _Tensor:
    storage, offset, shape, strides = arguments[:4]
    if (
        not isinstance(storage, _Storage)
        or max(len(shape), len(strides)) > MOST_EXTENTS
        or not all(type(value) is int and abs(value) < 1 << 62 for value in (*shape, *strides))
        or type(offset) is not int
    ):
        raise ValueError("a tensor has no storage or no shape")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


STEPS: dict[str, Callable[[_Machine, Any], None]] = {
    "PROTO": lambda machine, argument: None,
    "GLOBAL": lambda machine, argument: machine.stack.append(_Global(argument)),
    "BINPUT": _Machine.put,
    "LONG_BINPUT": _Machine.put,
    "BINGET": _Machine.get,
    "LONG_BINGET": _Machine.get,
    "MARK": lambda machine, argument: machine.stack.append(_Mark()),
    "TUPLE": _Machine.make_tuple,
    "EMPTY_TUPLE": lambda machine, argument: machine.stack.append(()),
    "TUPLE1": lambda machine, argument: machine.stack.append((machine.pop(),)),
    "TUPLE2": _Machine.make_pair,
    "EMPTY_LIST": lambda machine, argument: machine.stack.append([]),
    "EMPTY_DICT": lambda machine, argument: machine.stack.append({}),
    "APPEND": _Machine.append,
    "APPENDS": _Machine.extend,
    "SETITEMS": _Machine.set_items,
    "BINUNICODE": lambda machine, argument: machine.stack.append(argument),
    "BININT": lambda machine, argument: machine.stack.append(argument),
    "BININT1": lambda machine, argument: machine.stack.append(argument),
    "BININT2": lambda machine, argument: machine.stack.append(argument),
    "LONG1": lambda machine, argument: machine.stack.append(argument),
    "BINFLOAT": lambda machine, argument: machine.stack.append(argument),
    "NONE": lambda machine, argument: machine.stack.append(None),
    "NEWTRUE": lambda machine, argument: machine.stack.append(True),
    "NEWFALSE": lambda machine, argument: machine.stack.append(False),
    "REDUCE": _Machine.call,
    "NEWOBJ": _Machine.make_module,
    "BUILD": _Machine.build,
    "BINPERSID": _Machine.find_storage,
}
