"""Processor, memory and GPUs."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from pathlib import Path

from ipip.cores import usable_cores
from ipip.doctor.finding import Finding
from ipip.doctor.trial import SMALL_STUDENT, last_line, try_command
from ipip.plugin import native_folder

CPU_FILE = Path("/proc/cpuinfo")
GPU_PART = "libipip_cuda.so"
_ON_GPU = """
import sys
from ipip.native import core
student = core.Student(sys.argv[1], device="cuda:0")
student.warm_up()
print(student.backend)
"""

# From fast to slow, the processor features that libipip's kernels need
# (cpp/src/backends/cpu/isa/instruction_sets.cpp).
INSTRUCTION_SETS = {
    "avx512": {"avx512f", "avx512vl", "avx512bw", "avx512dq", "avx512cd", "avx2", "fma"},
    "avx2": {"avx2", "fma"},
    "neon": {"asimd"},
}


def check_machine(folder: Path) -> list[Finding]:
    """Report cores, instruction set, memory, GPUs, and the kernels for them."""
    gpus = _gpus()
    return [_processor(), gpus, _gpu_kernels(shutil.which("nvidia-smi") is not None)]


def _processor() -> Finding:
    model, flags = _cpu()
    usable = next((name for name, need in INSTRUCTION_SETS.items() if need <= flags), "generic")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    text = (
        f"{model}, {usable_cores()} cores for this process, {memory:.0f} GiB, kernels in {usable}"
    )
    if usable == "generic" and platform.machine() in ("x86_64", "AMD64"):
        return Finding(
            "processor", "note", text, "kernels are several times faster on a processor with AVX2"
        )
    return Finding("processor", "good", text)


def _cpu() -> tuple[str, set[str]]:
    """Return the processor's name and its flags, as Linux lists them."""
    model, flags = platform.machine(), set[str]()
    try:
        text = CPU_FILE.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return model, flags
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            model = value.strip()
        elif key.strip() in ("flags", "Features"):  # of x86, of ARM
            flags = set(value.split())
            break
    return model, flags


def _gpus() -> Finding:
    query = shutil.which("nvidia-smi")
    if query is None:
        return Finding("GPU", "good", "none found (no nvidia-smi); the CPU is used")
    properties = "--query-gpu=name,memory.total,driver_version,compute_cap"
    status, output = try_command([query, properties, "--format=csv,noheader"], limit=30.0)
    if status != 0:
        return Finding(
            "GPU",
            "note",
            f"nvidia-smi fails: {last_line(output)}",
            "the driver may not be loaded: contact the administrator of this machine",
        )
    cards = [line.strip() for line in output.splitlines() if line.strip()]
    return Finding("GPU", "good", "; ".join(cards) or "none listed by nvidia-smi")


def _gpu_kernels(has_driver: bool) -> Finding:
    """Try the library of kernels for GPUs, if there are both a library and a GPU."""
    name = "GPU kernels"
    try:
        built = (native_folder() / GPU_PART).is_file()
    except FileNotFoundError:
        built = False
    if not built:
        return Finding(name, "good", "not in this build, which had no nvcc (docs/gpu.md)")
    if not has_driver:
        return Finding(name, "good", "built; there is no GPU to try them on")
    status, output = try_command([sys.executable, "-c", _ON_GPU, str(SMALL_STUDENT)])
    if status != 0:
        return Finding(
            name,
            "note",
            last_line(output).removeprefix("ipip._core.CoreError: "),
            "update the driver, or use device cpu",
        )
    return Finding(name, "good", last_line(output))
