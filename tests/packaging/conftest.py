"""A wheel, and an environment with it, made once for all workers of a test run."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path

import pytest

BIN = Path(sys.executable).parent


Once = Callable[[str, Callable[[Path], None]], Path]


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Once]:
    """Fill a folder, unless another worker has done or does it; the last user removes all."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-once"
    shared.mkdir(exist_ok=True)
    lock = shared.with_suffix(".lock").open("w")
    own = tempfile.NamedTemporaryFile(dir=shared, prefix="user-", delete=False).name  # noqa: SIM115

    def make(name: str, fill: Callable[[Path], None]) -> Path:
        folder, done = shared / name, shared / f"{name}.done"
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                done.touch()
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)
        return folder

    yield make
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.remove(own)
    if not list(shared.glob("user-*")):  # some 800 MB, of which pytest would keep three copies
        for made in shared.iterdir():
            shutil.rmtree(made) if made.is_dir() else made.unlink()
    lock.close()


def run(*command: str | Path, **environment: str) -> str:
    """Run a command, which has to succeed; return its output."""
    done = subprocess.run(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        text=True,
        check=False,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="session")
def wheel_line(once: Once, repository: Path) -> str:
    """Print of `make wheel`, which builds in the folder of the installation: little is compiled."""

    def build(folder: Path) -> None:
        text = run(sys.executable, "-m", "wheels", "--out", folder, PYTHONPATH=str(repository))
        (folder / "printed").write_text(text)

    return (once("wheel", build) / "printed").read_text()


@pytest.fixture(scope="session")
def wheel_file(wheel_line: str) -> Path:
    """The wheel that is given away."""
    return Path(wheel_line.splitlines()[-1].partition(": tag ")[0])


@pytest.fixture(scope="session")
def light_environment(once: Once, wheel_file: Path) -> Path:
    """A new environment in which pip installed the wheel, where no compiler and no cmake is found.

    Of the packages that it needs pip takes the versions of this environment, which it has at hand.
    """

    def install(folder: Path) -> None:
        run(sys.executable, "-m", "venv", "--without-pip", folder)
        pins = [f"{found.name}=={found.version}" for found in metadata.distributions()]
        (folder / "pins.txt").write_text("\n".join(p for p in pins if not p.startswith("ipip==")))
        pip = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install"]
        what = ["--quiet", "--no-compile", "--only-binary", ":all:", "-c", folder / "pins.txt"]
        run(*pip, *what, wheel_file, PATH=str(folder / "bin"), PIP_DISABLE_PIP_VERSION_CHECK="1")

    return once("light", install)
