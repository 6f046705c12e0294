"""A model file is data: only `backend torchscript` runs its code, and no lie is accepted."""

from __future__ import annotations

import json
import os
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tests.zip_records import rewritten, with_metadata
from torch import nn
from typer.testing import CliRunner

from ipip import IpipCalculator, _core, load_student, read_metadata, save_student
from ipip.cli.main import app
from ipip.errors import InputError
from ipip.evaluation.predict_file import predict_file
from ipip.export import has_kernels
from ipip.export.archive import Archive
from ipip.export.digest import METADATA, WEIGHTS
from ipip.export.model_file import _archive, _digest, _script, load_scripted
from ipip.models import Student

Make = Callable[..., Student]
Change = Callable[[dict[str, Any]], object]


class Overwriting(nn.Module):
    """Overwrites a file while it is loaded."""

    def __init__(self, victim: str) -> None:
        super().__init__()
        self.victim = victim
        self.written = torch.zeros(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x

    @torch.jit.export
    def __getstate__(self) -> tuple[str, bool]:
        return self.victim, self.training

    @torch.jit.export
    def __setstate__(self, state: tuple[str, bool]) -> None:
        self.victim = state[0]
        self.training = state[1]
        self.written = torch.from_file(state[0], True, 16).fill_(65)


@pytest.fixture
def saved(make_student: Make, tmp_path: Path) -> Path:
    path = tmp_path / "student.pt"
    save_student(make_student(), path)
    return path


def with_program(model: Path, target: Path, scripted: torch.jit.ScriptModule) -> Path:
    """Write a copy of a model file with another program; plain records and digests are right."""
    with Archive(model) as archive:
        block, weights = json.loads(archive.read(METADATA)), archive.read(WEIGHTS)
    block["code_digest"] = _digest(_archive(scripted, {}))
    records = {METADATA: json.dumps(block).encode(), WEIGHTS: weights}
    target.write_bytes(_archive(scripted, records))
    return target


@pytest.fixture
def hostile(saved: Path, tmp_path: Path) -> tuple[Path, Path]:
    """A student whose program overwrites a file, and that file."""
    victim = tmp_path / "victim"
    victim.write_bytes(bytes(64))
    scripted = torch.jit.script(Overwriting(str(victim)))
    path = with_program(saved, tmp_path / "hostile.pt", scripted)
    victim.write_bytes(bytes(64))
    return path, victim


def test_what_reads_a_student_runs_nothing_of_it(
    hostile: tuple[Path, Path], tmp_path: Path
) -> None:
    path, victim = hostile
    load_student(path)
    read_metadata(path)
    IpipCalculator(path)
    IpipCalculator(path, backend="eager")
    predict_file(path, [])
    has_kernels(path)
    _core.Student(str(path))
    done = CliRunner().invoke(app, ["info", str(path)])
    assert done.exit_code == 0, done.output
    arguments = ["export", str(path), str(tmp_path / "new.pt"), "--no-lammps"]
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, done.output
    assert victim.read_bytes() == bytes(64)


@pytest.mark.parametrize("load", [load_scripted, lambda p: _core.Student(str(p), "torchscript")])
def test_torchscript_does_run_it(
    hostile: tuple[Path, Path], load: Callable[[Path], object]
) -> None:
    path, victim = hostile
    with pytest.raises((InputError, _core.CoreError)):
        load(path)
    assert victim.read_bytes() != bytes(64)  # else the test above shows nothing


def test_code_of_another_digest_is_not_run(hostile: tuple[Path, Path], tmp_path: Path) -> None:
    path, victim = hostile
    other = with_metadata(
        path, tmp_path / "other.pt", lambda m: m.update(code_digest="sha256:" + 64 * "0")
    )
    for load in (load_scripted, lambda p: _core.Student(str(p), "torchscript")):
        with pytest.raises((InputError, _core.CoreError), match="digest of its TorchScript"):
            load(other)
    assert victim.read_bytes() == bytes(64)


def test_torchscript_with_other_weights_than_the_plain_ones_is_refused(
    make_student: Make, saved: Path, tmp_path: Path
) -> None:
    other = make_student()
    with torch.no_grad():
        other.scale *= 2.0
    mixed = with_program(saved, tmp_path / "mixed.pt", _script(other))
    load_student(mixed)
    for load in (load_scripted, lambda p: _core.Student(str(p), "torchscript")):
        with pytest.raises((InputError, _core.CoreError), match=r"weights?.* of its TorchScript"):
            load(mixed)


CONTRADICTIONS: list[tuple[Change, str]] = [
    (lambda m: m.update(cutoff=3.0), "cutoff is 3"),
    (lambda m: (m.update(cutoff=3.0), m["arguments"].update(cutoff=3.0)), "basis|weight basis"),
    (lambda m: m.update(layers=3, halo_widths=[32, 32]), "layers is 3"),
    (lambda m: m.update(dtype="float32"), "dtype is .?float32"),
    (lambda m: (m.update(dtype="float32"), m["arguments"].update(dtype="float32")), "float64"),
    (lambda m: m.update(n_heads=2), "n_heads is 2"),
    (lambda m: m.update(halo_widths=[31]), "halo_widths"),
    (lambda m: m.update(symbols=["S", "Mo", "O"]), "symbols|core.charges|reference_energies"),
    (
        lambda m: (
            m.update(symbols=["W", "S", "O"]),
            m["reference_energies"].update(W=m["reference_energies"].pop("Mo")),
        ),
        "symbols|core.charges",
    ),
    (lambda m: m["reference_energies"].update(Mo=-2.5), "reference_energies.Mo is -2.5"),
    (lambda m: m["arguments"].update(channels=16), "channels|halo_widths|weight"),
    (lambda m: m["arguments"].update(channels=200_000), "channels is 200000|halo_widths"),
    (lambda m: m["arguments"].update(channels="8"), "channels is .?[\"']8"),
    (lambda m: m["arguments"].update(layers=10_000_000), "layers"),
    (lambda m: m.update(layers=10_000_000), "layers"),
    (lambda m: m["arguments"].update(n_radial=7), "weight"),
    (lambda m: m["arguments"].update(envelope="step"), "envelope"),
    (lambda m: m["arguments"].update(radial="bessel"), "radial"),
    (lambda m: m["arguments"].update(zbl=1), "zbl"),
    (lambda m: m["arguments"].update(shared_filters=True), "weight filters.[01].(weight|bias)"),
    (lambda m: m["arguments"].update(smoothing=2.0), "smoothing"),
    (lambda m: m["arguments"].update(seed=2), "arguments.seed is 2, expected none of this name"),
    (lambda m: m["arguments"].update(cutoff=True), "cutoff"),
    (lambda m: m.update(format_version=3), "format.version is 3"),
    (lambda m: m.update(format_version=True), "format.version is [tT]rue"),
    (lambda m: m.update(surprise=1), "surprise"),
    (lambda m: m.pop("code_digest"), "code_digest"),
    (lambda m: m.update(weights_digest="sha256:" + 64 * "0"), "weights' digest is not sha256:0000"),
    (lambda m: m.update(layers="2"), "layers"),
    (lambda m: m.update(n_heads=10**30), "n_heads"),
]


@pytest.mark.parametrize(("change", "message"), CONTRADICTIONS)
def test_contradictions_are_refused_in_python_and_in_cpp(
    saved: Path, tmp_path: Path, change: Change, message: str
) -> None:
    path = with_metadata(saved, tmp_path / "changed.pt", change)
    for load in (load_student, lambda p: _core.Student(str(p))):
        with pytest.raises((InputError, _core.CoreError), match=message) as caught:
            load(path)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000


TEXTS = {
    "nested": b'{"format": ' + 1000 * b"[" + 1000 * b"]" + b"}",
    "nested far deeper": 200_000 * b"[",
    "digits": b'{"format": "ipip-student", "format_version": ' + 5000 * b"9" + b"}",
    "twice": b'{"format": "ipip-student", "format": "ipip-student"}',
    "no number": b'{"format": "ipip-student", "cutoff": NaN}',
    "too large": b'{"format": "ipip-student", "cutoff": 1e999}',
    "many": b"[" + 300_000 * b"0," + b"0]",
    "not text": b'{"format": "\xff\xfe"}',
    "empty": b"",
    "a list": b"[]",
    "long": b" " * (5 << 20) + b"{}",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_metadata_that_is_no_block_is_refused(saved: Path, tmp_path: Path, text: bytes) -> None:
    path = rewritten(saved, tmp_path / "changed.pt", {METADATA: lambda data: text})
    for load in (read_metadata, load_student, lambda p: _core.Student(str(p))):
        with pytest.raises((InputError, _core.CoreError)) as caught:
            load(path)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000


def _safetensors(header: object, data: bytes = b"", length: int | None = None) -> bytes:
    text = json.dumps(header).encode() if not isinstance(header, bytes) else header
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def _entry(**fields: object) -> dict[str, object]:
    return {"a": {"dtype": "F64", "shape": [2], "data_offsets": [0, 16]} | fields}


WRONG_WEIGHTS = {
    "no header": b"",
    "short": b"\1\0\0",
    "a header of 10 GB": _safetensors(b"{}", length=10**10),
    "a header of 2^64 bytes": _safetensors(b"{}", length=2**64 - 1),
    "no JSON": _safetensors(b"nonsense"),
    "no object": _safetensors([1, 2]),
    "names twice": _safetensors(b'{"a": {}, "a": {}}'),
    "integers": _safetensors(_entry(dtype="I64"), bytes(16)),
    "no dtype": _safetensors({"a": 3}, bytes(16)),
    "a negative extent": _safetensors(_entry(shape=[-2]), bytes(16)),
    "a huge extent": _safetensors(_entry(shape=[2**60]), bytes(16)),
    "extents that overflow": _safetensors(_entry(shape=[2**32, 2**32]), bytes(16)),
    "many extents": _safetensors(_entry(shape=[1] * 100_000), bytes(16)),
    "an extent that is no integer": _safetensors(_entry(shape=[2.0]), bytes(16)),
    "an offset beyond the end": _safetensors(_entry(data_offsets=[16, 32]), bytes(16)),
    "an offset that is huge": _safetensors(_entry(data_offsets=[2**62, 2**62 + 16]), bytes(16)),
    "offsets the wrong way": _safetensors(_entry(data_offsets=[16, 0]), bytes(16)),
    "three offsets": _safetensors(_entry(data_offsets=[0, 8, 16]), bytes(16)),
    "bytes of nobody": _safetensors(_entry(), bytes(24)),
    "overlaps": _safetensors(
        {
            str(k): {"dtype": "F64", "shape": [1000], "data_offsets": [0, 8000]}
            for k in range(10_000)
        },
        bytes(8000),
    ),
}


@pytest.mark.parametrize("weights", WRONG_WEIGHTS.values(), ids=WRONG_WEIGHTS)
def test_weights_that_lie_are_refused(saved: Path, tmp_path: Path, weights: bytes) -> None:
    path = rewritten(saved, tmp_path / "changed.pt", {WEIGHTS: lambda data: weights})
    for load in (load_student, lambda p: _core.Student(str(p))):
        with pytest.raises((InputError, _core.CoreError), match="weights cannot be read") as caught:
            load(path)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 1000


@pytest.mark.parametrize("record", [METADATA, WEIGHTS])
def test_compressed_records_are_refused_and_never_inflated(
    saved: Path, tmp_path: Path, record: str
) -> None:
    bomb = {record: lambda data: bytes(200 << 20)}
    path = rewritten(saved, tmp_path / "changed.pt", bomb, compress=record)
    assert path.stat().st_size < 1 << 20
    for load in (load_student, lambda p: _core.Student(str(p))):
        with pytest.raises((InputError, _core.CoreError), match="is compressed"):
            load(path)


def test_records_that_repeat_or_overlap_are_refused(saved: Path, tmp_path: Path) -> None:
    path = rewritten(saved, tmp_path / "twice.pt", {})
    with (
        zipfile.ZipFile(path, "a") as archive,
        pytest.warns(UserWarning, match="Duplicate"),
    ):
        archive.writestr(archive.namelist()[0], b"{}")
    for load in (load_student, lambda p: _core.Student(str(p))):
        with pytest.raises((InputError, _core.CoreError), match="two records"):
            load(path)
    # The first record reaches one byte into the next one.
    data = bytearray(rewritten(saved, tmp_path / "overlap.pt", {}).read_bytes())
    first = data.find(b"PK\1\2")
    (size,) = struct.unpack_from("<I", data, first + 20)
    struct.pack_into("<II", data, first + 20, size + 1, size + 1)
    (tmp_path / "overlap.pt").write_bytes(bytes(data))
    for load in (load_student, lambda p: _core.Student(str(p))):
        with pytest.raises((InputError, _core.CoreError), match="overlap"):
            load(tmp_path / "overlap.pt")


def test_a_pipe_does_not_let_us_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.pt")
    for load in (read_metadata, lambda p: _core.Student(str(p))):
        with pytest.raises((InputError, _core.CoreError), match="not a regular file"):
            load(tmp_path / "pipe.pt")
