"""Any ASE calculator, by the path of its class."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Mapping
from typing import Any

from ..refusal import RefusedError
from .kind import TeacherKind


class AseCalculator(TeacherKind):
    """The calculator of `import_path`, created with `arguments` only."""

    name = "ase"
    instead_of_model = "put all settings of the calculator into arguments"
    own_settings = ("import_path", "import_folder")

    def problem(self, settings: Any) -> str | None:
        """Return why settings do not name a calculator, or None."""
        if settings.import_path is None:
            return "teacher kind 'ase' needs import_path, such as 'ase.calculators.emt:EMT'"
        return super().problem(settings)

    def model(self, spec: Mapping[str, Any]) -> str:
        """Return the path of the class."""
        return str(spec["import_path"])

    def open(self, model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        """Import the class and create a calculator."""
        if spec["import_folder"]:
            sys.path.insert(0, spec["import_folder"])
        module, _, name = model.partition(":")
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
            raise RefusedError(
                "model", f"{model} with arguments {arguments} raised {text}"
            ) from error
        if not hasattr(calculator, "get_potential_energy"):
            raise RefusedError(
                "model", f"{model} is not an ASE calculator (no get_potential_energy)"
            )
        return calculator
