"""Whether settings of an execution fit this machine; checked before anything is submitted."""

from __future__ import annotations

import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from ipip.config.execution import ExecutionSettings
from ipip.errors import InputError
from ipip.execution.record import FOLDER
from ipip.execution.schedulers import COMMANDS
from ipip.extras import require_cluster

# File systems that live in one machine's memory, or in one container.
PRIVATE = ("tmpfs", "ramfs", "devtmpfs", "overlay")
_TIMEOUT_S = 30


def check_execution(settings: ExecutionSettings, run: Path) -> None:
    """Check that what the settings name is there.

    Args:
        settings: with kind parsl.
        run: folder of the run.

    Raises:
        InputError: a package or a scheduler's command is missing, or the run folder or the scratch
            folder cannot be written, or nodes cannot see it.
    """
    if settings.kind == "local":
        return
    require_cluster("execution.kind parsl")
    for name, resource in settings.resources.items():
        at = f"execution.resources.{name}"
        commands = COMMANDS.get(resource.scheduler)
        if commands is not None:
            for program in (commands.submit, commands.cancel[0], commands.look):
                if shutil.which(program) is None:
                    raise InputError(
                        f"{at}: scheduler {resource.scheduler} needs the command {program!r}, "
                        "which is not in the PATH of this machine; run ipip on a login node, or "
                        "name another scheduler"
                    )
        if resource.scheduler == "kubernetes" and importlib.util.find_spec("kubernetes") is None:
            raise InputError(f"{at}: scheduler kubernetes needs the package kubernetes; install it")
    scratch = settings.scratch or run / FOLDER
    for key, folder in (("the run folder", run), ("execution.scratch", scratch)):
        _require_writable(key, folder)
        _require_shared(key, folder, settings)


def _require_writable(key: str, folder: Path) -> None:
    there = nearest_that_exists(folder)
    what = None if there.is_dir() else "is no folder"
    try:  # file systems of kernels, and of servers that trust no root, say that root may write
        if what is None:
            tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
    if what is not None:
        raise InputError(
            f"{key} is {folder}, and {there} {what}; name a folder in which you may write"
        )


def _require_shared(key: str, folder: Path, settings: ExecutionSettings) -> None:
    for name, resource in settings.resources.items():
        if resource.scheduler == "local":
            continue
        if resource.scheduler == "kubernetes":
            mounts = list(resource.volumes.values())
            if not any(folder.absolute().is_relative_to(mount) for mount in mounts):
                raise InputError(
                    f"{key}, {folder}, lies in none of the volumes of resource {name} "
                    f"({', '.join(mounts) or 'none'}); name a folder that the pods mount at the "
                    "same path"
                )
            continue
        kind = file_system_of(folder)
        if kind in PRIVATE and not _has_only_this_machine(resource.scheduler):
            raise InputError(
                f"{key}, {folder}, lies on {kind}, which the nodes of resource {name} cannot see; "
                "name a folder on a file system that the driver and all nodes share"
            )


def nearest_that_exists(folder: Path) -> Path:
    """Return a folder, or the nearest one above it that exists."""
    path = folder.absolute()
    while not path.exists():
        path = path.parent
    return path


def file_system_of(folder: Path) -> str:
    """Return the kind of file system that a folder lies on, or will; empty where it is unknown."""
    device = os.stat(nearest_that_exists(folder)).st_dev
    place = f"{os.major(device)}:{os.minor(device)}"
    try:
        lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    for line in lines:
        fields = line.split()
        if fields[2] == place:
            return fields[fields.index("-") + 1]
    return ""


def _has_only_this_machine(scheduler: str) -> bool:
    """Say whether all nodes are this machine, as a scheduler's own for trials are."""
    if scheduler != "slurm":
        return False
    try:
        found = subprocess.run(
            ["sinfo", "--noheader", "--Node", "--format=%o"],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    own = {"localhost", "127.0.0.1", socket.gethostname()}
    nodes = set(found.stdout.split())
    return found.returncode == 0 and bool(nodes) and nodes <= own
