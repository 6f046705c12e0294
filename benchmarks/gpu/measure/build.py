"""Compiles the part for GPUs on the machine where it runs, and describes this machine."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = ROOT / "ipip" / "libipip_cuda.so"


class BuildError(Exception):
    """nvcc is missing, or refused the source."""


def _say(command: list[str]) -> str:
    try:
        return subprocess.run(
            command, capture_output=True, text=True, timeout=30, check=True
        ).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return ""


def machine() -> dict[str, str]:
    """Name the GPU, its capability, the driver, nvcc and the processor."""
    fields = ("name", "compute_cap", "driver_version", "memory.total", "clocks.max.sm")
    query = ["nvidia-smi", f"--query-gpu={','.join(fields)}", "--format=csv,noheader"]
    values = (_say(query).splitlines() or [""])[0].split(", ")
    found = dict(zip(fields, values, strict=False))
    cpus = [line for line in _say(["lscpu"]).splitlines() if line.startswith("Model name")]
    found["processor"] = cpus[0].split(":")[1].strip() if cpus else platform.processor()
    found["nvcc"] = (_say([_nvcc() or "nvcc", "--version"]).splitlines() or [""])[-1]
    return found


def _nvcc() -> str | None:
    return shutil.which("nvcc") or shutil.which("nvcc", path="/usr/local/cuda/bin")


def part_name() -> str:
    """Return the name of the function by which libipip recognises its part for GPUs."""
    names = set(re.findall(rb"ipip_cuda_part_\w+", (ROOT / "ipip" / "libipip.so").read_bytes()))
    if len(names) != 1:
        raise BuildError(f"libipip.so names {len(names)} functions of a part for GPUs, not one")
    return names.pop().decode()


def build(capability: str) -> dict[str, Any]:
    """Compile `libipip_cuda.so` for one capability ("9.0") and return how long it took.

    Raises:
        BuildError: it did not compile.
    """
    nvcc = _nvcc()
    if nvcc is None:
        raise BuildError("there is no nvcc on PATH, nor in /usr/local/cuda/bin")
    number = capability.replace(".", "")
    start = time.monotonic()
    command = [nvcc, "-std=c++20", "-O3", "-I", str(ROOT / "src"), "--cudart=static", "--shared"]
    command += [f"-gencode=arch=compute_{number},code=sm_{number}", "-Xptxas", "-v"]
    command += [f"-DIPIP_CUDA_PART={part_name()}", "-Xcompiler", "-fPIC,-fvisibility=hidden"]
    source = ROOT / "src" / "backends" / "cuda" / "gpu.cu"
    done = subprocess.run(
        [*command, str(source), "-o", str(LIBRARY)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise BuildError(done.stderr[-3000:])
    spills = [line for line in done.stderr.splitlines() if "spill stores" in line]
    spilled = [line.strip() for line in spills if " 0 bytes spill stores" not in line]
    return {"seconds": time.monotonic() - start, "capability": capability, "spilled": spilled}
