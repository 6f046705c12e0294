"""What the measurements were made on."""

from __future__ import annotations

import os
import platform
from pathlib import Path

import torch

import ipip


def facts() -> dict[str, str | int]:
    """Processor, cores that this process may use, versions."""
    name = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [x for x in cpuinfo.read_text().splitlines() if x.startswith("model name")]
        name = lines[0].split(":", 1)[1].strip() if lines else name
    return {
        "processor": name,
        "cores": len(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 2),
        "ipip": ipip.__version__,
        "torch": torch.__version__,
    }
