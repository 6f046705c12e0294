"""Opening a teacher: the ASE calculator of a specification, and its identity."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from .kinds import KINDS
from .kinds.kind import TeacherKind
from .refusal import RefusedError


def open_teacher(spec: Mapping[str, Any]) -> tuple[TeacherKind, Any, dict[str, Any]]:
    """Return the kind, its ASE calculator, and its identity (model and digest)."""
    kind = KINDS[spec["kind"]]
    model, package = kind.model(spec), kind.package
    if package and importlib.util.find_spec(package) is None:
        missing = f"no module named {package!r}"
        raise RefusedError("package", missing, module=package, expected=package)
    try:
        if kind.uses_torch:
            importlib.import_module("torch").set_num_threads(spec["threads"])
        calculator = kind.open(model, spec, dict(spec["arguments"]))
    except RefusedError:
        raise
    except ModuleNotFoundError as error:
        raise RefusedError("package", str(error), module=error.name, expected=package) from error
    except Exception as error:
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"
        raise RefusedError(
            "model", f"model {model!r} cannot be loaded by {kind.name}: {text}"
        ) from error
    return kind, calculator, {"model": model, "weights_digest": weights_digest(calculator)}


def weights_digest(calculator: Any) -> str | None:
    """Return a digest of the weights of the calculator's torch modules, or None if it has none."""
    models = getattr(calculator, "models", None) or [getattr(calculator, "model", None)]
    digest = hashlib.sha256()
    hashed = False
    for model in models:
        if not hasattr(model, "state_dict"):
            continue
        for name, value in sorted(model.state_dict().items()):
            if hasattr(value, "detach"):
                hashed = True
                digest.update(name.encode())
                digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return f"sha256:{digest.hexdigest()}" if hashed else None


def versions(kind: TeacherKind, calculator: Any) -> dict[str, str]:
    """Return the versions of the packages that affect a label."""
    from importlib import metadata

    stated = {"python": sys.version.split()[0]}
    names = ["ase", "numpy", *(["torch"] if kind.uses_torch else []), kind.distribution]
    for name in filter(None, names):
        with contextlib.suppress(metadata.PackageNotFoundError):
            stated[name] = metadata.version(name)
    program = getattr(calculator, "program_version", None)
    return stated if program is None else {**stated, kind.name: program}
