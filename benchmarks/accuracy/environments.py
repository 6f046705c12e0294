"""Environments for networks whose requirements conflict with this package's."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from collections.abc import Sequence
from pathlib import Path

from ipip.errors import IpipError

ROOT = Path(__file__).resolve().parents[2]


def interpreter_with(packages: Sequence[str], folder: Path) -> Path:
    """Make an environment with some packages if it does not exist; return its interpreter.

    Its packages precede the running environment's, so that torch is the same one.

    Args:
        packages: names for pip; none for the running environment.
        folder: folder of all environments.

    Raises:
        IpipError: pip failed; its output is above.
    """
    if not packages:
        return Path(sys.executable)
    place = folder / packages[0].partition("==")[0]
    interpreter = place / "bin" / "python"
    if (place / "ready").exists():
        return interpreter
    print(f"making an environment for {' '.join(packages)} in {place}", file=sys.stderr)
    venv.create(place, with_pip=True, clear=True)
    own = next((place / "lib").glob("python*")) / "site-packages"
    (own / "outer.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    command = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["-c", ROOT / "constraints.txt", *packages]
    if subprocess.run([str(part) for part in command], stdout=sys.stderr, check=False).returncode:
        raise IpipError(
            f"{' '.join(packages)} could not be installed; pip's output above has the reason"
        )
    (place / "ready").touch()
    return interpreter
