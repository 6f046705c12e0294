"""Opening a teacher: the ASE calculator that a specification names, and what identifies it."""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import os
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from .messages import RefusedError

PACKAGES = {
    "sevennet": "sevenn",
    "chgnet": "chgnet",
    "mace": "mace",
    "tblite": "tblite",
    "cp2k": "jinja2",
}
DEFAULT_MODELS = {"sevennet": "7net-0", "chgnet": "0.3.0", "tblite": "GFN2-xTB", "cp2k": "cp2k"}


def open_calculator(spec: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Make the ASE calculator that the specification names; return it and what identifies it."""
    kind, arguments = spec["kind"], dict(spec["arguments"])
    if kind == "ase":
        return _calculator_by_path(spec, arguments)
    model = str(spec["model"] or DEFAULT_MODELS.get(kind))
    package = PACKAGES[kind]
    if importlib.util.find_spec(package) is None:
        missing = f"no module named {package!r}"
        raise RefusedError("package", missing, module=package, expected=package)
    makers = {"sevennet": _sevennet, "chgnet": _chgnet, "mace": _mace, "tblite": _tblite}
    maker = {**makers, "cp2k": _cp2k}[kind]
    try:
        if kind in ("sevennet", "chgnet", "mace"):
            importlib.import_module("torch").set_num_threads(spec["threads"])
        calculator = maker(model, spec, arguments)
    except RefusedError:
        raise
    except ModuleNotFoundError as error:
        raise RefusedError("package", str(error), module=error.name, expected=package) from error
    except Exception as error:
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"
        raise RefusedError(
            "model", f"model {model!r} cannot be loaded by {kind}: {text}"
        ) from error
    return calculator, {"model": model, "weights_digest": weights_digest(calculator)}


def _sevennet(model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
    from sevenn.calculator import SevenNetCalculator

    return SevenNetCalculator(model=model, device=spec["device"], modal=spec["modal"], **arguments)


def _chgnet(model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
    from chgnet.model.dynamics import CHGNetCalculator
    from chgnet.model.model import CHGNet

    known_file = os.path.exists(model)
    network = CHGNet.from_file(model) if known_file else CHGNet.load(model_name=model)
    return CHGNetCalculator(model=network, use_device=spec["device"], **arguments)


def _mace(model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
    # e3nn 0.4.4 loads its constants by a pickle that newer torch refuses by default.
    os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
    from mace.calculators import MACECalculator, mace_mp

    if os.path.exists(model):
        return MACECalculator(model_paths=model, device=spec["device"], **arguments)
    return mace_mp(model=model, device=spec["device"], **arguments)


def _tblite(model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
    from .tblite_level import TbliteLevel

    return TbliteLevel(method=model, **{"verbosity": 0, **arguments})


def _cp2k(model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
    from .cp2k import Cp2kLevel

    return Cp2kLevel(spec["cp2k"], arguments)


def _calculator_by_path(
    spec: Mapping[str, Any], arguments: dict[str, Any]
) -> tuple[Any, dict[str, Any]]:
    if spec["import_folder"]:
        sys.path.insert(0, spec["import_folder"])
    path = spec["import_path"]
    module, _, name = path.partition(":")
    try:
        factory = getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise RefusedError("package", str(error), module=error.name, expected=module) from error
    except AttributeError as error:
        raise RefusedError("model", f"module {module!r} has no class {name!r}") from error
    try:
        calculator = factory(**arguments)
    except Exception as error:
        traceback.print_exc()
        text = f"{type(error).__name__}: {error}"
        raise RefusedError("model", f"{path} with arguments {arguments} raised {text}") from error
    if not hasattr(calculator, "get_potential_energy"):
        raise RefusedError("model", f"{path} is not an ASE calculator (no get_potential_energy)")
    return calculator, {"model": path, "weights_digest": weights_digest(calculator)}


def weights_digest(calculator: Any) -> str | None:
    """Return a digest of the weights of the calculator's torch modules, or None if it has none."""
    models = getattr(calculator, "models", None) or [getattr(calculator, "model", None)]
    digest = hashlib.sha256()
    found = False
    for model in models:
        if not hasattr(model, "state_dict"):
            continue
        for name, value in sorted(model.state_dict().items()):
            if hasattr(value, "detach"):
                found = True
                digest.update(name.encode())
                digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return f"sha256:{digest.hexdigest()}" if found else None


def versions(kind: str, calculator: Any) -> dict[str, str]:
    """Return the versions of the packages that decide a label."""
    from importlib import metadata

    found = {"python": sys.version.split()[0]}
    names = ["ase", "numpy"]
    if kind in ("sevennet", "chgnet", "mace"):
        names += ["torch", PACKAGES[kind]]
    elif kind == "tblite":
        names += ["tblite"]
    for name in names:
        distribution = "mace-torch" if name == "mace" else name
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[distribution] = metadata.version(distribution)
    program = getattr(calculator, "program_version", None)
    return found if program is None else {**found, kind: program}
