"""An environment for SchNetPack, whose requirements conflict with this package's."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

from ipip.errors import IpipError

ROOT = Path(__file__).resolve().parents[2]


def schnetpack_interpreter(folder: Path) -> Path:
    """Make the environment if it does not exist; return its interpreter.

    Its packages precede the running environment's, so that torch is the same one.

    Raises:
        IpipError: pip failed; its output is above.
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
        raise IpipError("SchNetPack could not be installed; pip's output above has the reason")
    (folder / "ready").touch()
    return interpreter
