"""Frames in one LMDB file that is read frame by frame: for sets larger than memory.

A key is the frame's index (8 bytes, big endian), its value a line of JSON (sizes, which labels are
there, energy, weight, info; sealed, with the digest of the rest) and the arrays as little-endian
float64. The key `meta` sums the store up.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import lmdb
import numpy as np
from ase.data import chemical_symbols

from ipip.data.electronic_state import atom_state_in
from ipip.data.frame import Frame
from ipip.data.lmdb_pages import require_sound_pages
from ipip.data.parsed import plain
from ipip.data.view import ReadableFrames
from ipip.errors import InputError
from ipip.storage.atomic import replaced_file
from ipip.storage.digest import hex_digest
from ipip.storage.sealed import DamagedError, open_sealed, sealed_text

FORMAT = 1
_AGAIN = "write it again from its source with `ipip convert`"
# Keys of a frame's line before it had a seal.
_OLD_HEAD = {"n", "pbc", "energy", "forces", "stress", "weight", "info"}
META = b"meta"
STEP = 1 << 28  # bytes by which the map grows
COMMIT_EVERY = 500


class FrameStore(ReadableFrames):
    """The frames of a store; each is read on access.

    Several processes may read one store, including forked ones.

    Args:
        path: file written by `write_store`.

    Attributes:
        meta: `frames`, `atoms`, `elements` (symbols) and `labels` (number of frames with each).

    Raises:
        InputError: it is missing, or not a store of this package.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        if not self.path.is_file():
            raise InputError(f"{self.path}: no such file; expected a store of frames (.lmdb)")
        try:
            require_sound_pages(self.path)
        except DamagedError as error:
            raise InputError(f"{self.path}: {error}; copy it again, or {_AGAIN}") from None
        (raw,) = self._get([META])
        try:
            self.meta: dict[str, Any] = open_sealed(raw, _is_older) if raw else {}
        except DamagedError as error:
            raise InputError(f"{self.path}: is damaged: {error}; {_AGAIN}") from None
        if self.meta.get("format") != FORMAT:
            raise InputError(
                f"{self.path}: is not a store of frames of format {FORMAT} (its format: "
                f"{self.meta.get('format')}); write one with `ipip convert`"
            )

    def _get(self, keys: Iterable[bytes]) -> list[bytes | None]:
        """Read values; the file is closed afterwards, since an open one must not cross a fork."""
        try:
            with (
                lmdb.open(
                    os.fsencode(self.path), subdir=False, readonly=True, lock=False, readahead=False
                ) as environment,
                environment.begin(buffers=True) as transaction,
            ):
                size = self.path.stat().st_size
                self._require_whole(environment, size)
                values = [transaction.get(key) for key in keys]
                if any(value is not None and len(value) > size for value in values):
                    raise InputError(f"{self.path}: is damaged; {_AGAIN}")
                return [None if value is None else bytes(value) for value in values]
        except lmdb.Error as error:
            raise InputError(f"{self.path}: cannot be read as LMDB ({error}); {_AGAIN}") from None

    def _require_whole(self, environment: Any, size: int) -> None:
        """Refuse a file that is shorter than its pages: to read there ends the process."""
        whole = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
        if size < whole:
            raise InputError(
                f"{self.path}: is truncated, it has {size} bytes of {whole}; copy it again, or "
                f"{_AGAIN}"
            )

    def read(self, indices: Iterable[int]) -> list[Frame]:
        """Return the frames with these indices; faster than one by one."""
        numbers = list(indices)
        records = self._get(_key(index) for index in numbers)
        for index, raw in zip(numbers, records, strict=True):
            if raw is None:
                raise InputError(f"{self.path}: frame {index} is missing; {_AGAIN}")
        frames = []
        for index, raw in zip(numbers, records, strict=True):
            try:
                frames.append(decode_frame(raw or b"", index))
            except (DamagedError, KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"{self.path}: frame {index} is damaged ({error}); {_AGAIN}"
                ) from None
        return frames

    def __len__(self) -> int:
        return int(self.meta["frames"])


def write_store(path: Path, frames: Iterable[Frame]) -> int:
    """Write frames as a store, one at a time; the file appears whole or not at all.

    Returns:
        Number of frames written.

    Raises:
        InputError: info that cannot be written.
    """
    count = atoms = 0
    numbers: set[int] = set()
    labels = {"energy": 0, "forces": 0, "stress": 0}
    with replaced_file(path) as temporary:
        environment = lmdb.open(
            os.fsencode(temporary),
            subdir=False,
            map_size=STEP,
            lock=False,
            sync=False,
            metasync=False,
        )
        try:
            rows: list[tuple[bytes, bytes]] = []
            for frame in frames:
                rows.append((_key(count), encode_frame(frame, count)))
                count, atoms = count + 1, atoms + len(frame)
                numbers.update(np.unique(frame.numbers).tolist())
                for label in labels:
                    labels[label] += getattr(frame, label) is not None
                if len(rows) == COMMIT_EVERY:
                    _put(environment, rows)
                    rows = []
            meta = {
                "format": FORMAT,
                "frames": count,
                "atoms": atoms,
                "elements": [chemical_symbols[number] for number in sorted(numbers)],
                "labels": labels,
            }
            _put(environment, [*rows, (META, sealed_text(meta, indent=None).encode())])
            environment.sync(True)
        finally:
            environment.close()
    return count


def _put(environment: Any, rows: list[tuple[bytes, bytes]]) -> None:
    """Write rows in one transaction, with a larger map if they do not fit."""
    while True:
        try:
            with environment.begin(write=True) as transaction:
                for key, value in rows:
                    transaction.put(key, value)
            return
        except lmdb.MapFullError:
            environment.set_mapsize(environment.info()["map_size"] + STEP)


def _key(index: int) -> bytes:
    return index.to_bytes(8, "big")


def _is_older(meta: Mapping[str, Any]) -> bool:
    """Return whether a store's summary is of the version without seals."""
    return set(meta) == {"format", "frames", "atoms", "elements", "labels"}


def encode_frame(frame: Frame, index: int) -> bytes:
    """Return the frame with this index as bytes, losslessly.

    Raises:
        InputError: its info is not made of plain values.
    """
    arrays = [frame.numbers, frame.positions, frame.cell]
    arrays += [values for values in (frame.forces, frame.stress) if values is not None]
    body = b"".join(np.ascontiguousarray(values, dtype="<f8").tobytes() for values in arrays)
    head = {
        "index": index,
        "digest": hex_digest(body),
        "n": len(frame),
        "pbc": frame.pbc.tolist(),
        "energy": None if frame.energy is None else float(frame.energy),
        "forces": frame.forces is not None,
        "stress": frame.stress is not None,
        "weight": float(frame.weight),
        "info": plain(frame.info),
        "arrays": {name: values.tolist() for name, values in frame.arrays.items()},
    }
    try:
        line = sealed_text(head, indent=None)
    except TypeError as error:
        raise InputError(f"frame {index}: info cannot be written ({error})") from None
    return line.encode() + b"\n" + body


def decode_frame(raw: bytes, index: int) -> Frame:
    """Restore `encode_frame`.

    Raises:
        DamagedError: the bytes differ from those written for this frame.
    """
    line, _, body = raw.partition(b"\n")
    head = open_sealed(line, lambda plain: set(plain) - {"arrays"} == _OLD_HEAD)
    if "digest" in head and head["index"] != index:
        raise DamagedError(f"it is frame {head['index']}")
    if "digest" in head and head["digest"] != hex_digest(body):
        raise DamagedError("its content differs from what was written")
    values = np.frombuffer(body, dtype="<f8").astype(np.float64)
    n = int(head["n"])
    sizes = [n, 3 * n, 9, 3 * n * head["forces"], 9 * head["stress"]]
    numbers, positions, cell, forces, stress = np.split(values, np.cumsum(sizes)[:-1])
    return Frame(
        numbers=numbers.astype(np.int64),
        positions=positions.reshape(n, 3),
        cell=cell.reshape(3, 3),
        pbc=np.array(head["pbc"], dtype=bool),
        energy=head["energy"],
        forces=forces.reshape(n, 3) if head["forces"] else None,
        stress=stress.reshape(3, 3) if head["stress"] else None,
        info=head["info"],
        weight=head["weight"],
        arrays=atom_state_in(head.get("arrays", {}), n),
    )
