"""The requirements of a wheel, narrowed to what it was built for.

pyproject.toml names every release that the sources build with. The LAMMPS plugin of a wheel runs
with one release of LAMMPS only, and training with the versions of torch that the wheel has a part
for. Both are read from the compiled files, so that a wheel cannot require anything else.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

PLUGIN = "ipip/plugin/ipipplugin.so"
RUNTIME = "ipip/openmp/libgomp.so.1"
LICENCE = "License-Expression: MIT AND GPL-2.0-or-later"
RUNTIME_LICENCE = "GPL-3.0-or-later WITH GCC-exception-3.1"
_RELEASE = re.compile(rb" and LAMMPS (\d{4})(\d\d)(\d\d)\0")  # in the plugin's description
_PART = re.compile(r"libipip_torch-(\d+)\.(\d+)\.so")


class WheelError(Exception):
    """A wheel that cannot be finished."""


def lammps_requirement(plugin: bytes) -> str:
    """Return the requirement of the LAMMPS release that a plugin was built for, with its updates.

    Args:
        plugin: the bytes of ``ipipplugin.so``.
    """
    found = _RELEASE.search(plugin)
    if found is None:
        raise WheelError(f"{PLUGIN} does not say which LAMMPS it was built for: rebuild it")
    year, month, day = (int(digits) for digits in found.groups())
    return f"lammps[mpi]=={year}.{month}.{day}.*"


def torch_requirement(files: Sequence[str]) -> str:
    """Return the requirement of the versions of torch that the wheel has parts for.

    Args:
        files: names of the files beside ``libipip.so``.
    """
    found = sorted((int(m[1]), int(m[2])) for f in files if (m := _PART.fullmatch(f)))
    if not found:
        raise WheelError("the wheel has no libipip_torch-*.so: build it with a torch")
    (major, first), (_, last) = found[0], found[-1]
    if found[-1][0] != major:
        raise WheelError(f"parts for torch {major} and {found[-1][0]}: build a wheel for each")
    gaps = sorted(set(range(first, last)) - {minor for _, minor in found})
    without = [f"!={major}.{minor}.*" for minor in gaps]
    return ",".join([f"torch>={major}.{first}", *without, f"<{major}.{last + 1}"])


def narrowed(metadata: str, exact: Sequence[str]) -> str:
    """Return the METADATA of a wheel with narrower requirements; marks such as extras stay.

    Args:
        metadata: text of the file.
        exact: requirements, which replace others of the same package.
    """
    by_name = {re.split(r"[\[<>=!~ ]", text, maxsplit=1)[0]: text for text in exact}
    left = set(by_name)
    lines = metadata.split("\n")
    n_headers = lines.index("") if "" in lines else len(lines)
    for k, line in enumerate(lines[:n_headers]):
        found = re.fullmatch(r"Requires-Dist: ([\w.-]+)[^;]*(;.*)?", line)
        if found and found[1] in by_name:
            mark = found[2] or ""
            lines[k] = f"Requires-Dist: {by_name[found[1]]}{mark and ' ' + mark}"
            left.discard(found[1])
    if left:
        raise WheelError(
            f"the wheel does not require {', '.join(sorted(left))}: look at pyproject.toml"
        )
    return "\n".join(lines)


def narrow_wheel(wheel: Path, folder: Path) -> Path:
    """Write a wheel that requires what it was built for.

    Args:
        wheel: as built; it is kept.
        folder: for the new wheel; empty.
    """
    _run("unpack", "--dest", str(folder / "tree"), str(wheel))
    (root,) = (folder / "tree").iterdir()
    (metadata,) = root.glob("*.dist-info/METADATA")
    exact = [
        lammps_requirement((root / PLUGIN).read_bytes()),
        torch_requirement([file.name for file in (root / "ipip").iterdir()]),
    ]
    text = narrowed(metadata.read_text(encoding="utf-8"), exact)
    if (root / RUNTIME).exists():
        if LICENCE not in text:
            raise WheelError(f"the wheel does not say `{LICENCE}`: look at pyproject.toml")
        text = text.replace(LICENCE, f"{LICENCE} AND {RUNTIME_LICENCE}", 1)
    metadata.write_text(text, encoding="utf-8")
    _run("pack", "--dest-dir", str(folder), str(root))
    (file,) = folder.glob("*.whl")
    return file


def _run(*words: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "wheel", *words], capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode != 0:
        raise WheelError(f"wheel {words[0]} failed: {(done.stdout + done.stderr).strip()[-300:]}")
