"""The compiled part of ipip, from the same build as the Python files.

``from ipip.native import core`` gives the module :mod:`ipip._core`. The file ``_core.pyi`` declares
what Python expects of it. The module and the LAMMPS plugin hold a digest of that file from their
build; if the file has changed since, they are of another build, whose functions may be missing or
differ. The import then fails with one sentence.
"""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any

from ipip.errors import IpipError
from ipip.installation import rebuild_hint
from ipip.plugin import PLUGIN_FILE, plugin_folder
from ipip.storage.digest import hex_digest


def _reason(error: ImportError) -> str:
    """Describe why the module cannot be loaded; a wheel for another Python is named as such."""
    suffix = sysconfig.get_config_var("SOABI")
    built = sorted(file.name.split(".")[1] for file in Path(__file__).parent.glob("_core.*.so"))
    if built and suffix not in built:
        return f"it is for {', '.join(built)}, this Python is {suffix}"
    return str(error)


try:
    from ipip import _core as core
except ImportError as error:
    raise IpipError(
        f"the compiled part of ipip cannot be loaded ({_reason(error)}): {rebuild_hint()}"
    ) from None

__all__ = ["check_plugin", "core", "current_backend_name", "expected_build", "load_operators"]

_MARK = b", built for "  # before the digest in the plugin


def expected_build() -> str | None:
    """Digest of ``_core.pyi``, which identifies a build; None if it was not shipped."""
    stub = Path(__file__).with_name("_core.pyi")
    return hex_digest(stub.read_bytes())[:12] if stub.is_file() else None


def current_backend_name(name: Any) -> Any:
    """Return the current name of a backend for an old one; other values unchanged.

    docs/kernels.md lists old names.
    """
    return core.current_backend_name(name) if isinstance(name, str) else name


def load_operators() -> None:
    """Register the compiled operators with torch: the halo exchange and the training kernels.

    Raises:
        IpipError: ipip was built for another torch than the installed one.
    """
    import torch  # noqa: F401  its libraries are those that the operators are linked against

    try:
        core.load_operators()
    except core.CoreError as error:
        raise IpipError(str(error)) from None


def check_plugin() -> None:
    """Check that the LAMMPS plugin is of the same build as the Python files.

    Raises:
        IpipError: it is of another build.
    """
    data = (Path(plugin_folder()) / PLUGIN_FILE).read_bytes()
    _check(
        "LAMMPS plugin (pair_style ipip)", data.partition(_MARK)[2][:12].decode(errors="replace")
    )


def _check(part: str, build: str) -> None:
    expected = expected_build()
    if expected is not None and build != expected:
        raise IpipError(
            f"ipip's {part} is of another build ({build or 'an older one'}) than its Python files "
            f"({expected}): {rebuild_hint()}"
        )


_check("compiled module", core.built_for() if hasattr(core, "built_for") else "")
