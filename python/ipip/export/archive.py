"""Records of a TorchScript archive, as stored: nothing is decompressed, no code is run.

In C++: `cpp/src/model/zip_entries.cpp`.
"""

from __future__ import annotations

import dataclasses
import itertools
import os
import struct
import zipfile
import zlib
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ipip.errors import InputError
from ipip.export.printable import printable

LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, sizes of the name and of extra fields


@dataclasses.dataclass(frozen=True)
class Record:
    """One record.

    Attributes:
        name: without the archive's folder, `extra/ipip.json`.
        method: compression; 0: stored.
        crc: CRC-32 of the record.
        size: bytes of the record.
        stored_size: bytes in the file.
        header: offset of its header in the file.
        begin: offset of its first byte in the file.
    """

    name: str
    method: int
    crc: int
    size: int
    stored_size: int
    header: int
    begin: int


class Archive:
    """The directory of an archive; a context manager that closes the file.

    Args:
        source: path of the file, or a stream.
        name: of a stream, for messages.

    Attributes:
        records: by name.

    Raises:
        InputError: there is no such file, it is truncated or damaged, or records repeat or overlap.
    """

    def __init__(self, source: Path | BinaryIO, name: str = "") -> None:
        self.name = name or str(source)
        if isinstance(source, Path):
            _require_file(source)
            try:
                source = source.open("rb")
            except OSError as error:
                raise InputError(f"{self.name}: cannot be read ({error.strerror})") from None
        self._stream = source
        try:
            self.size = self._stream.seek(0, os.SEEK_END)
            self.records = self._read_directory()
        except BaseException:
            self._stream.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stream.close()

    def read(self, name: str, most: int | None = None) -> bytes:
        """Return the bytes of an uncompressed record after checking its CRC-32.

        Args:
            name: of the record.
            most: largest allowed number of bytes; None: the size of the file.

        Raises:
            InputError: there is no such record, or it is compressed, too long or damaged.
        """
        record = self.records.get(name)
        if record is None:
            raise self.refused(f"it has no record {name[:60]}")
        if record.method != zipfile.ZIP_STORED or record.size != record.stored_size:
            raise self.refused(
                f"its record {name[:60]} is compressed, expected an uncompressed one"
            )
        if most is not None and record.size > most:
            raise self.refused(
                f"its record {name[:60]} has {record.size} bytes, expected at most {most}"
            )
        data = self.stored(record)
        if zlib.crc32(data) != record.crc:
            raise self.refused(f"its record {name[:60]} is damaged")
        return data

    def stored(self, record: Record) -> bytes:
        """Return a record as stored in the file, compressed or not."""
        self._stream.seek(record.begin)
        data = self._stream.read(record.stored_size)
        if len(data) != record.stored_size:
            raise self.cut_off()
        return data

    def refused(self, what: str) -> InputError:
        """Return the error for a file that is not as it was written."""
        return InputError(
            f"{self.name}: {printable(what)}; copy it again or export the student again"
        )

    def cut_off(self) -> InputError:
        """Return the error for a file without a complete directory."""
        return self.refused(
            f"this is not a TorchScript archive, or it is truncated ({self.size} bytes)"
        )

    def _read_directory(self) -> dict[str, Record]:
        try:
            with zipfile.ZipFile(self._stream) as directory:
                infos = directory.infolist()
                begin_of_directory = directory.start_dir
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, struct.error, OverflowError):
            raise self.cut_off() from None
        except NotImplementedError as error:
            raise self.refused(f"its zip archive is of another kind ({error})") from None
        records: dict[str, Record] = {}
        folder = infos[0].orig_filename.partition("/")[0] + "/" if infos else ""
        for info in infos:
            record = self._locate(info, folder, begin_of_directory)
            if record.name in records:
                raise self.refused(f"it has two records {record.name[:60]}")
            records[record.name] = record
        if not records:
            raise self.cut_off()
        self._check_overlaps(records)
        return records

    def _locate(self, info: zipfile.ZipInfo, folder: str, end: int) -> Record:
        if not 0 <= info.header_offset <= end - 30 or info.flag_bits & 1:
            raise self.cut_off()
        self._stream.seek(info.header_offset)
        signature, name_size, extra_size = LOCAL_HEADER.unpack(self._stream.read(30))
        raw = self._stream.read(name_size)
        encoding = "utf-8" if info.flag_bits & 0x800 else "cp437"
        begin = info.header_offset + 30 + name_size + extra_size
        if (
            signature != b"PK\3\4"
            or raw != info.orig_filename.encode(encoding, "replace")
            or begin + info.compress_size > end
        ):
            raise self.cut_off()
        if not info.orig_filename.startswith(folder):
            raise self.refused(
                "its records are in several folders, expected one, as TorchScript writes them"
            )
        return Record(
            info.orig_filename.removeprefix(folder),
            info.compress_type,
            info.CRC,
            info.file_size,
            info.compress_size,
            info.header_offset,
            begin,
        )

    def _check_overlaps(self, records: dict[str, Record]) -> None:
        ordered = sorted(records.values(), key=lambda record: record.header)
        for before, after in itertools.pairwise(ordered):
            if after.header < before.begin + before.stored_size:
                raise self.refused(f"its records {before.name[:60]} and {after.name[:60]} overlap")


def _require_file(path: Path) -> None:
    advice = "give the path of a student (.pt)"
    if not path.exists():
        raise InputError(f"{path}: there is no such file; {advice}")
    if path.is_dir():
        raise InputError(f"{path}: this is a folder; {advice}")
    if not path.is_file():  # a pipe would block
        raise InputError(f"{path}: this is not a regular file; {advice}")
