"""An environment for SchNetPack, whose requirements exclude others of this package."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from ipip.errors import IpipError

ROOT = Path(__file__).resolve().parents[2]


def schnetpack_interpreter(folder: Path) -> Path:
    """Make the environment if it is not there; return its interpreter.

    Its packages stand before those of the running environment, so that torch is the same one.

    Raises:
        IpipError: pip failed; its output stands above.
    """
    interpreter = folder / "bin" / "python"
    if (folder / "ready").exists():
        return interpreter
    print(f"making an environment for SchNetPack in {folder}")
    venv.create(folder, with_pip=True, clear=True)
    packages = next((folder / "lib").glob("python*")) / "site-packages"
    (packages / "outer.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    command = [interpreter, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["-c", ROOT / "constraints.txt", "schnetpack"]
    if subprocess.run([str(part) for part in command], stdout=sys.stderr).returncode:
        raise IpipError("SchNetPack could not be installed; pip says why above")
    (folder / "ready").touch()
    return interpreter
