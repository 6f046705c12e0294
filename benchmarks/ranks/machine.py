"""The machine of the measurements."""

from __future__ import annotations

import os

import torch
from benchmarks.results import processor

import ipip


def facts() -> dict[str, str | int]:
    """Processor, cores that this process may use, versions."""
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": round(os.getloadavg()[0], 2),
        "ipip": ipip.__version__,
        "torch": torch.__version__,
    }
