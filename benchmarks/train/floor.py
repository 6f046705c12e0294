"""How fast a training step of PaiNN could be: its arithmetic at the processor's peak."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from ipip.errors import IpipError

SOURCE = Path(__file__).with_name("peak.cpp")
SWEEPS = 6  # forward, backward, the tangent of each, and the gradient of a matrix counts twice
SPLINE_WEIGHTS = 6


def peak_rate() -> float:
    """Return the processor's rate of fused multiply-adds in single precision, flop/s, measured.

    Raises:
        IpipError: the compiler `c++` is missing or failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "peak"
        command = ["c++", "-O3", "-march=native", "-ffp-contract=fast", "-Wno-psabi"]
        try:
            subprocess.run([*command, "-o", program, SOURCE], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise IpipError(f"{SOURCE} could not be compiled with c++: {error}") from None
        out = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    return float(out.split()[0])


def flops_per_atom(channels: int, layers: int, neighbours: float) -> float:
    """Return multiplications and additions of a step, per atom.

    Node-wise: F -> F -> 3 F of messages (none in the first layer), 3 x F -> 2 F of vectors, 2 F ->
    F -> 3 F of the update (2 F in the last), F -> F/2 of the readout, each in six sweeps. Pairs:
    filters from six coefficients, with slopes in three of the four sweeps, their gradient, and the
    sums over s, v and x.
    """
    nodes = (15 * layers - 4 - 1) * channels**2 + channels**2 / 2
    filters = (1 + 2 + 2 + 2 + 2) * SPLINE_WEIGHTS * 3
    sums = 10 + 22 + 24 + 42
    pairs = neighbours * layers * (filters + sums) * channels
    return 2 * (SWEEPS * nodes + pairs)
