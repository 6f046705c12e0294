"""Names in CP2K's data files: the basis sets and pseudopotentials of an element."""

from __future__ import annotations

import os
import re
import shutil

NO_CHARGE = re.compile(r"-q\d+$")


def find_folder(program: str, version_text: str) -> str | None:
    """Return CP2K's data folder, or None if it cannot be located.

    Args:
        program: CP2K's program.
        version_text: output of ``--version``; its compiler options name the folder.
    """
    candidates = [os.environ.get("CP2K_DATA_DIR")]
    flat = re.sub(r"\n\s{3}", "", version_text)  # CP2K wraps long lines anywhere
    compiled = re.search(r'__DATA_DIR="([^"]+)"', flat)
    candidates.append(compiled.group(1) if compiled else None)
    executable = shutil.which(program)
    if executable is not None:
        prefix = os.path.dirname(os.path.dirname(os.path.realpath(executable)))
        candidates += [os.path.join(prefix, "share", "cp2k", "data")]
        candidates += [os.path.join(prefix, "share", "cp2k"), os.path.join(prefix, "data")]
    for folder in candidates:
        if folder and os.path.isfile(os.path.join(folder, "BASIS_SET")):
            return folder
    return None


def names_of(path: str, element: str) -> list[str]:
    """Return the names of all entries of an element in a data file."""
    names = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            words = line.split()
            if len(words) > 1 and words[0] == element and not words[1][0].isdigit():
                names += [word for word in words[1:] if not word.startswith("#")]
    return names


def full_name(path: str, element: str, name: str, charge: str = "") -> str:
    """Return the name of an entry, with the charge that newer files append to it (``-q6``).

    Args:
        path: data file.
        element: chemical symbol.
        name: with or without the charge.
        charge: ``-q6``, if known.

    Raises:
        RuntimeError: the file has no such entry, or several.
    """
    names = names_of(path, element)
    for candidate in (name + charge, name) if charge else (name,):
        if candidate in names:
            return candidate
    fitting = [other for other in names if NO_CHARGE.sub("", other) == name]
    if len(fitting) == 1:
        return fitting[0]
    file = os.path.basename(path)
    if not fitting:
        some = ", ".join(names[:8]) or "none"
        raise RuntimeError(f"{file} has no {name} for {element} (it has {some})")
    raise RuntimeError(f"{file} has several {name} for {element}: {', '.join(fitting)}; name one")
