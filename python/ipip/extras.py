"""Optional packages, the extra of ipip that installs each, and the message if one is missing.

The package itself runs decks, calculators and analysis; PyTorch and all training come with
``ipip[train]``, each teacher with its extra. `pyproject.toml` repeats this for pip. Imports only
the standard library.
"""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from ipip.errors import MissingExtraError
from ipip.installation import install_command
from ipip.teacher_program.kinds import KINDS


@dataclasses.dataclass(frozen=True)
class OptionalPackage:
    """A package that only some parts of ipip need.

    Attributes:
        module: name to import.
        distribution: its name for pip.
        extra: extra of ipip that requires it.
        name: its usual name; if empty, the distribution's.
    """

    module: str
    distribution: str
    extra: str
    name: str = ""


TRAINING: Sequence[OptionalPackage] = (
    OptionalPackage("torch", "torch", "train", "PyTorch"),
    OptionalPackage("tensorboard", "tensorboard", "train"),
)
"""The packages that train students and evaluate their networks."""

TEACHERS: Mapping[str, OptionalPackage] = MappingProxyType(
    {
        kind.name: OptionalPackage(kind.package, kind.distribution, kind.extra)
        for kind in KINDS.values()
        if kind.extra
    }
)
"""By kind of teacher; cp2k is a program and ase any package."""

TRACKING: Sequence[OptionalPackage] = (OptionalPackage("wandb", "wandb", "wandb"),)

CLUSTER: Sequence[OptionalPackage] = (OptionalPackage("parsl", "parsl", "cluster", "Parsl"),)

OPTIONAL: Sequence[OptionalPackage] = (*TRAINING, *TEACHERS.values(), *TRACKING, *CLUSTER)


def require_training(what: str) -> None:
    """Check that the extra `train` is installed, before any work starts.

    Args:
        what: needs it, as the sentence begins.

    Raises:
        MissingExtraError: a package of it is not installed.
    """
    missing = [one for one in TRAINING if importlib.util.find_spec(one.module) is None]
    if missing:
        raise MissingExtraError(_sentence(what, missing))


def require_cluster(what: str) -> None:
    """Check that the extra `cluster` is installed, before any work starts.

    Args:
        what: needs it, as the sentence begins.

    Raises:
        MissingExtraError: a package of it is not installed.
    """
    missing = [one for one in CLUSTER if importlib.util.find_spec(one.module) is None]
    if missing:
        raise MissingExtraError(_sentence(what, missing))


def explained(error: ModuleNotFoundError, what: str) -> ImportError:
    """Return the error to raise after a failed import; it names a missing extra as the cause.

    Args:
        error: of the import.
        what: needs the package, as the sentence begins.
    """
    top = (error.name or "").partition(".")[0]
    for one in OPTIONAL:
        if one.module == top:
            return MissingExtraError(_sentence(what, [one]))
    return error


def _sentence(what: str, missing: Sequence[OptionalPackage]) -> str:
    # PyTorch stands for all packages of its extra.
    shown = missing[:1] if missing[0].module == "torch" else missing
    names = " and ".join(one.name or one.distribution for one in shown)
    return f"{what} needs {names}; run: {install_command(f'ipip[{missing[0].extra}]')}"
