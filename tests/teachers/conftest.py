"""A second environment: a virtual one whose packages precede this one's."""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def second_environment() -> Callable[..., Path]:
    """Return a function that makes an environment with these packages, and gives its python."""
    return _second_environment


def _second_environment(*requirements: str) -> Path:
    """Return the python of an environment with these packages, made at the first call.

    It sees this environment's packages, torch above all, after its own: only what is missing or
    pinned to another version is installed. It is kept in ``build/environments``. Skips where pip
    reaches no package index.
    """
    site = sysconfig.get_paths()["purelib"]
    key = hashlib.sha256(" ".join([sys.version, site, *requirements]).encode()).hexdigest()[:12]
    folder = REPOSITORY / "build" / "environments" / key
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # several test processes may want it at once
        if not (folder / ".complete").exists():
            _make(folder, site, requirements)
    return folder / "bin" / "python"


def _make(folder: Path, site: str, requirements: Sequence[str]) -> None:
    python = folder / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", "--clear", "--without-pip", folder], check=True)
    own = next(folder.glob("lib/python3*/site-packages"))
    # The name sorts last, and a .pth file's folders come after the environment's own.
    (own / "zz-outer.pth").write_text(site + "\n")
    done = subprocess.run(
        [
            python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
            "-c", REPOSITORY / "constraints.txt", *requirements,
        ],
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")},
        check=False,
    )  # fmt: skip
    if done.returncode != 0:
        unreachable = ("No matching distribution", "Could not find a version", "ConnectionError")
        if any(word in done.stderr for word in unreachable):
            pytest.skip(f"pip reaches no index with {' '.join(requirements)}")
        pytest.fail(f"pip install {' '.join(requirements)} failed:\n{done.stderr[-2000:]}")
    (folder / ".complete").touch()
