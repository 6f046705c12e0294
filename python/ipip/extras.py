"""Optional packages: which extra of ipip brings each, and what is said where one is missing.

The package itself runs decks, calculators and analysis; PyTorch and what trains with it come with
``ipip[train]``, teachers with an extra of each. `pyproject.toml` says the same to pip. Imports
nothing but the standard library.
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
    """A package that only some of ipip needs.

    Attributes:
        module: that is imported.
        distribution: as pip names it.
        extra: of ipip, which requires it.
        name: as people call it; the distribution where empty.
    """

    module: str
    distribution: str
    extra: str
    name: str = ""


TRAINING: Sequence[OptionalPackage] = (
    OptionalPackage("torch", "torch", "train", "PyTorch"),
    OptionalPackage("lightning", "lightning", "train"),
    OptionalPackage("torch_geometric", "torch-geometric", "train"),
    OptionalPackage("tensorboard", "tensorboard", "train"),
)
"""What trains students and evaluates their networks."""

TEACHERS: Mapping[str, OptionalPackage] = MappingProxyType(
    {
        kind.name: OptionalPackage(kind.package, kind.distribution, kind.extra)
        for kind in KINDS.values()
        if kind.extra
    }
)
"""By kind of teacher; cp2k is a program and ase any package."""

TRACKING: Sequence[OptionalPackage] = (OptionalPackage("wandb", "wandb", "wandb"),)

OPTIONAL: Sequence[OptionalPackage] = (*TRAINING, *TEACHERS.values(), *TRACKING)


def require_training(what: str) -> None:
    """Check that the extra `train` is there, before any work starts.

    Args:
        what: needs it, as the sentence begins.

    Raises:
        MissingExtraError: a package of it is not installed.
    """
    missing = [one for one in TRAINING if importlib.util.find_spec(one.module) is None]
    if missing:
        raise MissingExtraError(_sentence(what, missing))


def explained(error: ModuleNotFoundError, what: str) -> ImportError:
    """Return the error to raise where an import failed: which extra is missing, if that is why.

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
    # PyTorch stands for all that comes with it.
    shown = missing[:1] if missing[0].module == "torch" else missing
    names = " and ".join(one.name or one.distribution for one in shown)
    return f"{what} needs {names}; run: {install_command(f'ipip[{missing[0].extra}]')}"
