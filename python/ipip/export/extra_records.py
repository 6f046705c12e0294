"""Adds plain records to a finished model file.

No code in it is run, and TorchScript's records stay byte for byte unchanged.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterable, Mapping

from ipip.export.archive import Archive
from ipip.export.digest import METADATA, code_digest
from ipip.export.reading import metadata_of

FIRST_DATE = (1980, 1, 1, 0, 0, 0)  # of a zip archive, fixed: the same student gives the same file
DEBUG = ".debug_pkl"  # TorchScript's records of source files and lines


def with_records(data: bytes, records: Mapping[str, bytes], name: str) -> bytes:
    """Return a model file with records added or replaced, and their digests updated.

    Args:
        data: the model file.
        records: by name, `extra/...`.
        name: of the file, in messages.

    Raises:
        InputError: the file is not a student.
    """
    with Archive(io.BytesIO(data), name) as archive:
        metadata = metadata_of(archive)
    added = _rewritten(data, records)
    if metadata.format_version == 1:
        return added
    with Archive(io.BytesIO(added), name) as archive:
        restated = metadata.model_copy(update={"code_digest": code_digest(archive)})
    return _rewritten(added, {METADATA: restated.to_json().encode()})


def without_debug_records(data: bytes) -> bytes:
    """Return a TorchScript archive without the records that name the files of its source code.

    They hold paths of the machine that wrote it, so the same student would give different files on
    different machines. TorchScript reads an archive without them.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
    debug = [name.partition("/")[2] for name in names if name.endswith(DEBUG)]
    return _rewritten(data, {}, dropped=debug)


def _rewritten(data: bytes, records: Mapping[str, bytes], dropped: Iterable[str] = ()) -> bytes:
    """Return an archive with `records` added or replaced, and without the dropped ones."""
    source = io.BytesIO(data)
    out = io.BytesIO()
    with zipfile.ZipFile(source) as before:
        infos = sorted(before.infolist(), key=lambda info: info.header_offset)
        folder = infos[0].orig_filename.partition("/")[0]
        replaced = {f"{folder}/{name}" for name in (*records, *dropped)}
        ends = [*(info.header_offset for info in infos[1:]), before.start_dir]
        kept = []
        for info, end in zip(infos, ends, strict=True):
            if info.orig_filename in replaced:
                continue
            # With its trailing bytes: a data descriptor, and padding that aligns the next record.
            begin, info.header_offset = info.header_offset, out.tell()
            out.write(data[begin:end])
            kept.append(info)
    with zipfile.ZipFile(out, "a") as after:
        after.start_dir = out.tell()
        after.filelist.extend(kept)
        after.NameToInfo.update({info.filename: info for info in kept})
        for name, record in records.items():
            after.writestr(zipfile.ZipInfo(f"{folder}/{name}", FIRST_DATE), record)
    return out.getvalue()
