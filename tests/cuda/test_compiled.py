"""nvcc compiles the kernels as designed: no spills, and so many registers that enough warps
fit. See docs/gpu.md."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CAPABILITIES = ("80", "90", "120")
# Registers a thread in float32 and float64, at most: 65 536 over the threads of the blocks that a
# multiprocessor has to hold (`kThreads` and `kBlocks` in kernels.hpp).
REGISTERS = {
    "FillNumbers": (64, 64),
    "FindCells": (64, 64),
    "CountKeys": (64, 64),
    "SumSlices": (64, 64),
    "ScanSlices": (64, 64),
    "PlaceKeys": (64, 64),
    "OrderKeys": (64, 64),
    "CountNear": (64, 64),
    "CountRows": (64, 64),
    "FillNear": (64, 64),
    "PackRows": (64, 64),
    "UnpackRows": (64, 64),
    "FindPairs": (64, 64),
    "Receive": (64, 128),
    "SendBack": (80, 255),
    "FirstBack": (128, 255),
    "GatherForces": (64, 64),
    "SumRows": (32, 32),
    "Update": (128, 128),
    "LastUpdate": (128, 128),
    "ExpectErrors": (128, 128),
    "UpdateBack": (128, 128),
    "PickNumbers": (64, 64),
    "MultiplyRows": (128, 128),
    "OuterSlices": (128, 128),
    "ColumnSlices": (64, 64),
    "AddSlices": (64, 64),
    "Activate": (128, 128),
    "ActivateBack": (128, 128),
    "TakeNorms": (128, 128),
    "TakeNormTangents": (128, 128),
    "NextStates": (128, 128),
    "NextStateTangents": (128, 128),
    "GainGradients": (128, 128),
    "GainGradientTangents": (128, 128),
    "MixedGradients": (128, 128),
    "MixedGradientTangents": (128, 128),
    "ReadoutRows": (128, 128),
    "ReadoutBack": (128, 128),
    "PlacePairs": (64, 64),
    "ChangePairs": (64, 64),
    "ReceiveTangents": (80, 168),
    "SendBackTangents": (96, 255),
    "TableSlices": (128, 255),
    "TableGradient": (64, 64),
    "SumFrames": (64, 64),
}
ENTRY = re.compile(r"Compiling entry function '(\S+)' for 'sm_(\d+)")
LOCAL = re.compile(r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads")
USED = re.compile(r"Used (\d+) registers")
KERNEL = re.compile(r"launchedINS0_\d+(" + "|".join(REGISTERS) + r")(?:I([fd])|E)")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The assembler's report on each kernel: that of the build, or of a compilation here."""
    built = report_of_build()
    if built is not None:
        return built
    nvcc = shutil.which("nvcc")
    if nvcc is None:
        pytest.skip("nvcc is not on PATH")
    code = [f"-gencode=arch=compute_{n},code=sm_{n}" for n in CAPABILITIES]
    done = subprocess.run(
        [nvcc, "-std=c++20", "-O3", f"-I{ROOT}/cpp/src", "--threads", "2", *code, "-Xptxas", "-v"]
        + ["-c", str(ROOT / "cpp/src/backends/cuda/gpu.cu"), "-o", "gpu.o"],
        cwd=tmp_path_factory.mktemp("nvcc"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stderr.splitlines()


def report_of_build() -> list[str] | None:
    """What nvcc said when the library was built, if that is younger than all kernels."""
    sources = [path for path in (ROOT / "cpp/src/backends/cuda").rglob("*.*") if path.is_file()]
    changed = max(path.stat().st_mtime for path in sources)
    for path in ROOT.glob("build/*/cpp/libipip_cuda.txt"):
        lines = path.read_text(encoding="utf-8").splitlines()
        there = {found[2] for line in lines if (found := ENTRY.search(line))}
        if path.stat().st_mtime > changed and there >= set(CAPABILITIES):
            return lines
    return None


def kernels(report: list[str]) -> Iterator[tuple[str, str, str, tuple[int, ...], int]]:
    """Name, number type, capability, (stack, stores, loads) in bytes and registers of each."""
    entry, local = None, (1, 1, 1)
    for line in report:
        if found := ENTRY.search(line):
            entry = found
        elif found := LOCAL.search(line):
            local = tuple(int(n) for n in found.groups())
        elif (found := USED.search(line)) and entry is not None:
            kernel = KERNEL.search(entry[1])
            assert kernel is not None, entry[1]
            if entry[2] not in CAPABILITIES:
                continue
            yield kernel[1], kernel[2] or "d", entry[2], local, int(found[1])


def test_all_kernels_exist_for_each_capability(report: list[str]) -> None:
    there = [(name, capability) for name, _, capability, _, _ in kernels(report)]
    for capability in CAPABILITIES:
        assert {name for name, of in there if of == capability} == set(REGISTERS)
        assert len([of for _, of in there if of == capability]) == 96


def test_nothing_is_kept_in_local_memory(report: list[str]) -> None:
    for name, number, capability, local, _ in kernels(report):
        assert local == (0, 0, 0), (name, number, capability)


def test_registers_leave_room_for_the_warps_of_the_design(report: list[str]) -> None:
    for name, number, capability, _, registers in kernels(report):
        most = REGISTERS[name][number == "d"]
        if capability == "120" and most == 64:  # a block fewer, see gpu.cu
            most = 80
        assert registers <= most, (name, number, capability)
