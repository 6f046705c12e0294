"""The interface of a kind of teacher: its properties, and how its process uses it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..refusal import RefusedError


class TeacherKind:
    """A package, a program or an import path whose ASE calculator explores and labels.

    A kind that describes atoms has `features` and `embedding`; one that evaluates several
    structures at a time has `label_together`. Modules of kinds import only the standard library at
    the top: ipip uses them to check settings, without the kind's package.

    Attributes:
        name: value of `teacher.kind`.
        package: required module, or empty.
        distribution: of the package, its name for pip; its version is recorded.
        extra: of ipip that requires the distribution, or empty.
        programs: of which it runs the first available one; empty if it runs none.
        default_model: used if the settings name none.
        needs_model: what to give as `model`, if it is required.
        instead_of_model: what to do instead, if the kind takes no `model`.
        own_settings: fields of the settings that it reads and most kinds ignore.
        uses_torch: its threads are PyTorch's.
        knows_states: its labels depend on a frame's charge and spin.
        tries_for_all: the first process tries on opening what the others (`tried` in their
            specification) need not try again, and they start after it.
    """

    name: str
    package: str = ""
    distribution: str = ""
    extra: str = ""
    programs: tuple[str, ...] = ()
    default_model: str | None = None
    needs_model: str = ""
    instead_of_model: str = ""
    own_settings: tuple[str, ...] = ()
    uses_torch: bool = False
    knows_states: bool = True
    tries_for_all: bool = False

    def problem(self, settings: Any) -> str | None:
        """Return why settings (`ipip.config.TeacherSettings`) name no such teacher, or None."""
        if self.needs_model and settings.model is None:
            return f"teacher kind {self.name!r} needs model: {self.needs_model}"
        if self.instead_of_model and settings.model is not None:
            return f"teacher kind {self.name!r} takes no model; {self.instead_of_model}"
        return None

    def model(self, spec: Mapping[str, Any]) -> str:
        """Return the name of the model in a specification."""
        return str(spec["model"] or self.default_model or self.name)

    def open(self, model: str, spec: Mapping[str, Any], arguments: dict[str, Any]) -> Any:
        """Return the ASE calculator.

        Args:
            model: of `model`.
            spec: all settings of the teacher, as plain values.
            arguments: further keyword arguments of the calculator.

        Raises:
            RefusedError: with a message for the user; other errors are reported unchanged.
        """
        raise NotImplementedError

    @property
    def has_features(self) -> bool:
        """Whether it describes atoms."""
        return type(self).features is not TeacherKind.features

    @property
    def evaluates_batches(self) -> bool:
        """Whether it evaluates several structures at a time."""
        return type(self).label_together is not TeacherKind.label_together

    def label_together(self, calculator: Any, structures: Sequence[Any]) -> list[dict[str, Any]]:
        """Evaluate structures in one batch.

        Small structures leave a GPU idle between kernels; a batch costs little more than one.

        Returns:
            For each energy [] (eV), forces [n, 3] (eV/Å), stress [3, 3] (eV/Å^3, ASE's sign).
        """
        raise NotImplementedError

    def features(self, calculator: Any, structure: Any) -> Any:
        """Return the invariant features of the atoms that enter the readout, [n, width]."""
        raise self._without_features()

    def embedding(self, calculator: Any, numbers: Sequence[int]) -> Any:
        """Return the embedding of each element, before any neighbours, [n_elements, width]."""
        raise self._without_features()

    def _without_features(self) -> RefusedError:
        from . import WITH_FEATURES

        expected = f"{', '.join(WITH_FEATURES[:-1])} or {WITH_FEATURES[-1]}"
        return RefusedError(
            "model", f"teacher {self.name!r} has no features of atoms; expected {expected}"
        )
