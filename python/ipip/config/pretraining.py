"""Settings of pretraining: on labels, as in the paper, or by a rival method."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from ipip.config.base import Settings
from ipip.config.choice import one_of
from ipip.config.training import TrainingSettings


class MethodSettings(Settings):
    """Settings that all methods of pretraining share."""

    kind: str = Field(description="name of the method")

    @model_validator(mode="before")
    @classmethod
    def _by_name(cls, settings: Any) -> Any:
        """Read ``method: frad`` as ``method: {kind: frad}``."""
        return {"kind": settings} if isinstance(settings, str) else settings

    @property
    def needs_teacher(self) -> bool:
        """Whether the teacher evaluates more than the existing labels."""
        return False

    @property
    def needs_features(self) -> bool:
        """Whether atomic features or embeddings of the teacher are needed."""
        return False

    @property
    def uses_labels(self) -> bool:
        """Whether energies and forces are also learnt."""
        return True

    def calls(self, frames: int) -> int:
        """Return the number of teacher evaluations for it, with `frames` to train on."""
        return 0


class LabelsMethod(MethodSettings):
    """Energies and forces alone, as in the paper."""

    kind: Literal["labels"] = Field("labels", description="energies and forces, as in the paper")


class TeacherMethod(MethodSettings):
    """A method for which the teacher evaluates frames of the pretraining set again."""

    weight: float = Field(
        1.0, gt=0, description="weight of the term, relative to the loss of the labels"
    )
    max_calls: int | None = Field(
        None,
        ge=2,
        description="most teacher evaluations for the term; if too few for all frames, frames are"
        " drawn at random; null: all frames",
    )

    @property
    def needs_teacher(self) -> bool:
        """Yes."""
        return True

    @property
    def calls_per_frame(self) -> int:
        """Teacher evaluations of a frame."""
        return 1

    def affordable(self, frames: int) -> int:
        """Return how many frames the teacher evaluates, with `frames` to train on."""
        return (
            frames
            if self.max_calls is None
            else min(frames, self.max_calls // self.calls_per_frame)
        )

    def calls(self, frames: int) -> int:
        """Return the number of teacher evaluations for it at most, with `frames` to train on."""
        return self.affordable(frames) * self.calls_per_frame


class HessianMethod(TeacherMethod):
    """Rows of the teacher's Hessian, besides the labels (Amin et al., ICLR 2025)."""

    kind: Literal["hessian"] = Field("hessian", description="rows of the teacher's Hessian")
    weight: float = Field(
        0.05, gt=0, description="weight of the mean squared error of the entries ((eV/Å^2)^2)"
    )
    rows: int = Field(
        1, ge=1, description="rows of each frame, drawn at random; two teacher evaluations a row"
    )
    step: float = Field(
        5e-3, gt=0, le=0.1, description="displacement (Å) of the central differences of its forces"
    )

    @property
    def calls_per_frame(self) -> int:
        """Teacher evaluations of a frame: two for each row."""
        return 2 * self.rows

    @model_validator(mode="after")
    def _pays_for_a_frame(self) -> HessianMethod:
        if self.max_calls is not None and self.max_calls < self.calls_per_frame:
            raise ValueError(
                f"max_calls is {self.max_calls} with {self.rows} rows of a frame, which take "
                f"{self.calls_per_frame} evaluations; expected at least that many"
            )
        return self


class NodeMethod(TeacherMethod):
    """The teacher's atomic features, besides the labels (Ekström Kelvinius et al., 2023)."""

    kind: Literal["n2n"] = Field("n2n", description="the teacher's atomic features, node to node")
    weight: float = Field(
        1.0, gt=0, description="weight of the mean squared error of the standardised features"
    )

    @property
    def needs_features(self) -> bool:
        """Yes."""
        return True


class AtomMethod(MethodSettings):
    """Labels, with embeddings initialised by a map of the teacher's."""

    kind: Literal["a2a"] = Field("a2a", description="the teacher's embedding of the elements")

    @property
    def needs_teacher(self) -> bool:
        """True: for its embedding."""
        return True

    @property
    def needs_features(self) -> bool:
        """Yes."""
        return True


class FradMethod(MethodSettings):
    """Fractional denoising of the structures, without labels (after Ni et al., 2024)."""

    kind: Literal["frad"] = Field("frad", description="fractional denoising, without labels")
    tau: float = Field(0.15, gt=0, description="standard deviation of the noise to undo (Å)")
    turn: float = Field(
        0.3,
        ge=0,
        description="standard deviation of the rotations (radians) of fragments about the bonds "
        "that"
        " join them, before the noise",
    )
    stiffness: float = Field(
        10.0, gt=0, description="forces that undo the noise are minus this times it (eV/Å^2)"
    )

    @property
    def uses_labels(self) -> bool:
        """No."""
        return False


class GpipMethod(MethodSettings):
    """Masking, denoising and contrast, without labels (after Cui et al., 2024)."""

    kind: Literal["gpip"] = Field(
        "gpip", description="masked elements, denoising and contrast, without labels"
    )
    tau: float = Field(0.15, gt=0, description="standard deviation of the noise to undo (Å)")
    stiffness: float = Field(
        10.0, gt=0, description="forces that undo the noise are minus this times it (eV/Å^2)"
    )
    masked: float = Field(
        0.15, gt=0, lt=1, description="fraction of the atoms whose element is hidden"
    )
    temperature: float = Field(0.1, gt=0, description="temperature of the contrast (no unit)")
    masking: float = Field(1.0, ge=0, description="weight of the hidden elements' cross entropy")
    denoising: float = Field(1.0, ge=0, description="weight of the denoising")
    contrast: float = Field(0.1, ge=0, description="weight of the contrast of two views")

    @model_validator(mode="after")
    def _has_a_task(self) -> GpipMethod:
        if self.masking + self.denoising + self.contrast == 0:
            raise ValueError("masking, denoising and contrast are all 0; there is nothing to learn")
        return self

    @property
    def uses_labels(self) -> bool:
        """No."""
        return False


_METHODS: Mapping[str, type[MethodSettings]] = {
    str(method.model_fields["kind"].default): method
    for method in (LabelsMethod, HessianMethod, NodeMethod, AtomMethod, FradMethod, GpipMethod)
}


def _kind(settings: Any) -> str:
    """Return the class that reads these settings; labels without a kind."""
    if isinstance(settings, (str, Mapping)):
        name = settings if isinstance(settings, str) else settings.get("kind", "labels")
        method = _METHODS.get(name) if isinstance(name, str) else None
        return method.__name__ if method else str(name)
    return type(settings).__name__


if TYPE_CHECKING:
    Method = MethodSettings
else:
    Method = one_of(_METHODS.values(), _kind, "method", _METHODS)
    """Settings of any method, distinguished by `kind`; a name alone means its defaults."""


class PretrainSettings(TrainingSettings):
    """A training on the pretraining set, by one of several methods."""

    method: Method = Field(
        default_factory=LabelsMethod,
        description="method of pretraining: labels (energies and forces, as in the paper), or a"
        " rival, by name or as {kind: NAME, ...} with its keys: hessian, n2n, a2a (which need"
        " more from the teacher), frad, gpip (which need structures alone)",
    )

    @model_validator(mode="before")
    @classmethod
    def _from_plain_training(cls, settings: Any) -> Any:
        if isinstance(settings, TrainingSettings) and not isinstance(settings, cls):
            return settings.model_dump()
        return settings

    @property
    def training(self) -> TrainingSettings:
        """The settings without the method."""
        return TrainingSettings.model_validate(self.model_dump(exclude={"method"}))
