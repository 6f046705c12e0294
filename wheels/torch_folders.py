"""Torch packages to build torch parts against: headers and libraries, nothing that runs.

    python -m wheels.torch_folders build/torch 2.13.0 2.14.1

prints the folders, separated by semicolons, as CMake's IPIP_TORCH_FOLDERS takes them. A torch
package for any Python will do: the parts do not link Python.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


class NoTorchError(Exception):
    """A torch that is not available."""


def torch_folders(versions: Sequence[str], store: Path) -> list[Path]:
    """Return the folder of the torch package of each version; fetch missing ones.

    Args:
        versions: "2.13.0", or "2.13.0+cpu"; empty for this interpreter's torch.
        store: folder that keeps fetched packages, one folder per version.

    Raises:
        NoTorchError: there is none, or pip cannot fetch it.
    """
    own = _own_folder()
    if not versions:
        if own is None:
            raise NoTorchError(
                f"{sys.executable} has no torch to build a part for: install it with "
                "`pip install -c constraints.txt torch`, or name versions with --torch"
            )
        return [own]
    return [_folder(version, own, store) for version in versions]


def _folder(version: str, own: Path | None, store: Path) -> Path:
    if own is not None and _version(own).partition("+")[0] == version.partition("+")[0]:
        return own
    folder = store / version / "torch"
    if not (folder / "version.py").is_file():
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        what = ["--no-deps", "--only-binary", ":all:", "--target", str(folder.parent)]
        done = subprocess.run(
            [*pip, *what, f"torch=={version}"], capture_output=True, encoding="utf-8", check=False
        )
        if done.returncode != 0:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            reason = (lines or ["no reason given"])[-1]
            raise NoTorchError(f"pip cannot fetch torch {version}: {reason}")
    return folder


def _own_folder() -> Path | None:
    spec = importlib.util.find_spec("torch")
    return None if spec is None or spec.origin is None else Path(spec.origin).resolve().parent


def _version(folder: Path) -> str:
    for line in (folder / "version.py").read_text(encoding="utf-8").splitlines():
        if line.startswith("__version__"):
            return line.split("=")[1].strip().strip("'\"")
    return ""


if __name__ == "__main__":
    try:
        print(";".join(map(str, torch_folders(sys.argv[2:], Path(sys.argv[1]).resolve()))))
    except NoTorchError as error:
        sys.exit(f"wheels.torch_folders: {error}")
