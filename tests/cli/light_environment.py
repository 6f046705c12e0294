"""An environment like this one, without the extra `train` and the teachers."""

from __future__ import annotations

import dataclasses
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import distribution
from pathlib import Path

import ipip
from ipip.plugin import native_folder

# Beginnings of names in site-packages: PyTorch, what comes with it, and what needs it.
WITHOUT = (
    *("torch", "functorch", "triton", "lightning", "pytorch_lightning", "tensorboard", "wandb"),
    *("sevenn", "e3nn", "mace", "chgnet", "ipip", "_editable", "__editable__"),
)


@dataclasses.dataclass(frozen=True)
class LightEnvironment:
    """Where it lies."""

    folder: Path

    def run(self, *command: str | Path, cwd: Path, **variables: str) -> tuple[int, str, str]:
        """Run a program of the environment; return its status, output and errors."""
        own = f"{self.folder / 'bin'}{os.pathsep}/usr/bin{os.pathsep}/bin"
        kept = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
        done = subprocess.run(
            [self.folder / "bin" / command[0], *command[1:]],
            cwd=cwd,
            env={**kept, "PATH": own, "OMP_NUM_THREADS": "1", **variables},
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr


def make_light_environment(folder: Path) -> LightEnvironment:
    """Make the environment: links to the installed packages, a copy of ipip."""
    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_paths()["purelib"])
    site = folder / packages.relative_to(sys.prefix)
    for entry in packages.iterdir():
        if not entry.name.startswith(WITHOUT) and entry.name != "__pycache__":
            (site / entry.name).symlink_to(entry)
    _copy_ipip(site)
    for entry in (Path(sys.prefix) / "lib").iterdir():  # of the wheels of MPICH
        if not entry.name.startswith("python"):
            (folder / "lib" / entry.name).symlink_to(entry)
    for program in (Path(sys.prefix) / "bin").iterdir():
        _place(program, folder / "bin" / program.name)
    return LightEnvironment(folder)


def _copy_ipip(site: Path) -> None:
    skipped = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(ipip.__file__).parent, site / "ipip", ignore=skipped)
    for file in native_folder().rglob("*.so"):
        target = site / "ipip" / file.relative_to(native_folder())
        target.parent.mkdir(exist_ok=True)
        shutil.copy(file, target)
    records = distribution("ipip").locate_file(f"ipip-{ipip.__version__}.dist-info")
    shutil.copytree(str(records), site / Path(str(records)).name)


def _place(program: Path, target: Path) -> None:
    """Link a program, or rewrite a script for the environment's interpreter."""
    if target.exists() or not program.is_file():
        return
    with program.open("rb") as stream:
        first = stream.readline()
        rest = stream.read() if first.startswith(b"#!") and b"python" in first else None
    if rest is None:
        target.symlink_to(program)
        return
    target.write_bytes(b"#!" + os.fsencode(target.parent / "python") + b"\n" + rest)
    target.chmod(0o755)
