"""Rates of the GPUs in the predictions."""

from __future__ import annotations

import dataclasses


@dataclasses.dataclass(frozen=True)
class Gpu:
    """Rates of a GPU. L2 rates and latencies are assumptions from published microbenchmarks."""

    name: str
    multiprocessors: int
    ghz: float
    fma_per_clock: float  # warp instructions a multiprocessor
    l2_tb_s: float
    memory_tb_s: float
    tf32_per_clock: float  # multiply-adds a multiprocessor, by mma.sync
    tensor_cores: bool  # whether they compute float32 products, see gpu.cu
    round_trip: float  # clocks to the L2 cache
    issue_per_clock: float = 4.0
    l1_per_clock: float = 1.0  # passes of 128 bytes a multiprocessor


# Of Hopper's 1024 multiply-adds a clock mma.sync reaches some 60 %, only wgmma all.
GPUS = (
    Gpu("A100", 108, 1.41, 2, 4.5, 2.0, 512, True, 280),
    Gpu("H100", 132, 1.75, 4, 5.5, 3.35, 614, True, 280),
    Gpu("H200", 132, 1.75, 4, 5.5, 4.8, 614, True, 280),
    Gpu("RTX 4090", 128, 2.5, 4, 5.0, 1.0, 128, False, 280),
)
