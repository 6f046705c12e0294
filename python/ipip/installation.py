"""How this ipip was installed, and so which command installs missing packages.

A package index may not have ipip, or another version than the one that runs, and without the
constraints of a source tree pip may bring another PyTorch. So hints name this interpreter, the
constraints if there are any, and the missing packages themselves or `ipip[train]`, which pip
looks up in the installed ipip. Imports only the standard library.
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

CONSTRAINTS = "constraints.txt"


def source_folder() -> Path | None:
    """Return the source tree that ipip was installed from; None without one."""
    folder, _ = _source()
    return folder


def install_command(*packages: str, extra: str = "") -> str:
    """Return the shell command that installs packages beside this ipip.

    Args:
        packages: requirements for pip.
        extra: of ipip, whose packages are added.
    """
    requirements = [*packages, *_packages_of(extra)]
    folder = source_folder()
    limits = [] if folder is None else ["-c", str(folder / CONSTRAINTS)]
    return shlex.join([sys.executable, "-m", "pip", "install", *limits, *requirements])


def rebuild_hint() -> str:
    """Describe how to install ipip itself again, with its compiled part."""
    folder, editable = _source()
    if folder is None:
        again = [sys.executable, "-m", "pip", "install", "--force-reinstall", "--no-deps"]
        return f"install ipip again: `{shlex.join([*again, f'ipip=={_version()}'])}`, or its wheel"
    command = ["-m", "pip", "install", "--no-build-isolation", "-c", CONSTRAINTS]
    command_line = shlex.join([sys.executable, *command, *(["-e"] if editable else []), "."])
    return f"run `make setup`, or `{command_line}`, in {folder}"


def _source() -> tuple[Path | None, bool]:
    """Return the source tree and whether the install is editable, from pip's direct_url.json."""
    try:
        text = metadata.distribution("ipip").read_text("direct_url.json")
        record = json.loads(text or "{}")
        folder = Path(unquote(urlsplit(record.get("url", "")).path))
        information = record["dir_info"]  # absent for a wheel
    except (metadata.PackageNotFoundError, ValueError, KeyError):
        return None, False
    if not (folder / CONSTRAINTS).is_file():
        return None, False
    return folder, bool(information.get("editable"))


def _packages_of(extra: str) -> Sequence[str]:
    """Return the requirements of an extra of ipip; the extra itself if they are unknown."""
    if not extra:
        return []
    try:
        required = metadata.requires("ipip") or []
    except metadata.PackageNotFoundError:
        required = []
    marks = (f"extra == '{extra}'", f'extra == "{extra}"')
    matching = [one.partition(";")[0].strip() for one in required if one.strip().endswith(marks)]
    return matching or [f"ipip[{extra}]"]


def _version() -> str:
    try:
        return metadata.version("ipip")
    except metadata.PackageNotFoundError:
        from ipip import __version__

        return __version__
