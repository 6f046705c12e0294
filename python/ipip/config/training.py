"""Settings of one training."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, NonNegativeFloat, field_validator, model_validator

from ipip.config.base import Settings
from ipip.config.budget import parse_budget
from ipip.config.influence import NO_INFLUENCE
from ipip.errors import InputError
from ipip.native import current_backend_name

# Optimiser steps of a training by default.
FEW_LABELS_STEPS, MANY_LABELS_STEPS = 40, 20  # for each training frame
ENOUGH_STEPS = 20_000  # from which more are for many frames alone

ReferenceMode = Literal["auto", "least_squares", "isolated", "given", "shift", "keep"]


class TrainingSettings(Settings):
    """Loss, optimiser, schedule and end of one training.

    Settings that are marked as without influence do not count when the settings of a stored
    training are compared with new ones.
    """

    loss: Literal["squared", "absolute", "huber"] = Field(
        "absolute",
        description="squared: mean squared errors (Eq. 3 of the IPIP paper); absolute: mean "
        "absolute energy error and mean norm of the force error (Eq. 4); huber: squared for small "
        "errors, absolute for large ones",
    )
    huber_energy: float = Field(
        0.01,
        gt=0,
        description="energy error (eV per energy_per) from which huber is linear",
    )
    huber_forces: float = Field(
        0.1, gt=0, description="norm of a force error (eV/Å) from which huber is linear"
    )
    huber_stress: float = Field(
        0.001, gt=0, description="norm of a stress error (eV/Å^3) from which huber is linear"
    )
    energy_weight: float = Field(1.0, ge=0, description="weight of the energy term (errors in eV)")
    forces_weight: float = Field(1.0, ge=0, description="weight of the force term (errors in eV/Å)")
    stress_weight: float = Field(
        0.0, ge=0, description="weight of the stress term (errors in eV/Å^3); 0: no stress term"
    )
    energy_per: Literal["atom", "frame"] = Field(
        "atom",
        description="atom: the energy error of a frame is divided by its number of atoms, for "
        "sets of mixed sizes; frame: total energies, as the paper writes it",
    )
    config_type_weights: dict[str, NonNegativeFloat] = Field(
        default_factory=dict,
        description="factor of the loss terms of each kind of frame, by config_type (no unit); "
        "kinds not listed have 1; it multiplies a frame's own weight",
    )
    references: ReferenceMode = Field(
        "auto",
        description="energies of free atoms: least_squares fits the training energies; isolated "
        "takes frames of one atom; given takes reference_energies; shift corrects those of a "
        "trained student to the new energies; keep leaves the student's; auto is least_squares "
        "for a new student, shift for a trained one",
    )
    reference_energies: dict[str, float] | None = Field(
        None, description="energy of each free atom by symbol (eV), for references: given"
    )
    freeze: list[str] = Field(
        default_factory=list,
        description="names of parameters to keep fixed, with * for any text, such as "
        "embedding* or messages.0.*; a name that matches none is refused with a list of all",
    )
    optimizer: Literal["adamw", "adam"] = Field("adamw", description="optimiser")
    learning_rate: float = Field(5e-3, gt=0, description="largest learning rate")
    weight_decay: float = Field(0.0, ge=0, description="weight decay of the optimiser")
    amsgrad: bool = Field(False, description="use the AMSGrad variant of the optimiser")
    batch_size: int = Field(5, ge=1, description="frames in an optimiser step, over all processes")
    max_epochs: int | None = Field(
        None,
        ge=1,
        description="most passes over the training frames; null: by their number, more for few "
        "frames",
    )
    max_steps: int | None = Field(None, ge=1, description="most optimiser steps; null: no limit")
    budget: str | None = Field(
        None,
        description="length of the training, instead of max_epochs and max_steps: a time (20 min, "
        "2 h), which a short measurement converts to optimiser steps, or steps (5000 steps); the "
        "schedule is fitted to it",
    )
    warmup_steps: int = Field(
        100,
        ge=0,
        description="steps in which the learning rate rises linearly, at most a fifth of all steps",
    )
    schedule: Literal["cosine", "plateau", "constant"] = Field(
        "cosine",
        description="learning rate after the warm-up: cosine falls to learning_rate * "
        "final_fraction at the end; plateau multiplies it by plateau_factor when the validation "
        "loss stops falling",
    )
    final_fraction: float = Field(
        0.01,
        ge=0,
        le=1,
        description="end of cosine and floor of plateau, as a fraction of learning_rate",
    )
    plateau_factor: float = Field(0.8, gt=0, lt=1, description="factor of each plateau reduction")
    plateau_patience: int = Field(
        10, ge=0, description="validations without a better loss before a plateau reduction"
    )
    gradient_clip: float | None = Field(
        10.0, gt=0, description="largest norm of the gradient of all weights; null: no clipping"
    )
    ema_decay: float | None = Field(
        0.995,
        gt=0,
        lt=1,
        description="decay per step of the running average of the weights, which validation and "
        "the result use; null: no average",
    )
    early_stop_patience: int | None = Field(
        None,
        ge=1,
        description="validations without a better loss before the training ends; null: never",
    )
    validate_every: int = Field(1, ge=1, description="epochs from one validation to the next")
    checkpoint_every: int = Field(
        1,
        ge=1,
        description="epochs from one resumable checkpoint to the next (also written at a new best)",
        json_schema_extra=NO_INFLUENCE,
    )
    precision: Literal["full", "bf16"] = Field(
        "full",
        description="full: the student's dtype; bf16: matrix products of the training steps in "
        "bfloat16 (weights, validation and the result stay in float32), refused where forces "
        "suffer more than precision_tolerance",
    )
    precision_tolerance: float = Field(
        0.01,
        gt=0,
        description="largest root mean square change of the forces by precision: bf16, relative "
        "to that of the forces (no unit)",
    )
    kernels: Annotated[
        Literal["auto", "kernels", "eager"], BeforeValidator(current_backend_name)
    ] = Field(
        "auto",
        description="how a training step is computed: kernels: compiled, for painn, many times "
        "faster on the CPU; eager: PyTorch; auto: kernels if they support the student on the "
        "CPU",
    )
    accelerator: Literal["auto", "cpu", "gpu"] = Field(
        "auto", description="device of the training", json_schema_extra=NO_INFLUENCE
    )
    workers: int = Field(
        0,
        ge=0,
        description="further processes that read frames and find neighbours",
        json_schema_extra=NO_INFLUENCE,
    )
    cache_mb: float = Field(
        4096.0,
        ge=0,
        description="memory for stored graphs (MB, each process); graphs that do not fit are "
        "rebuilt "
        "in each epoch",
        json_schema_extra=NO_INFLUENCE,
    )
    tensorboard: bool = Field(
        True,
        description="write TensorBoard logs beside the CSV table",
        json_schema_extra=NO_INFLUENCE,
    )
    wandb_project: str | None = Field(
        None,
        description="project in Weights & Biases that receives the curves; needs the package "
        "wandb; "
        "null: none",
        json_schema_extra=NO_INFLUENCE,
    )

    @field_validator("budget")
    @classmethod
    def _is_a_budget(cls, value: str | None) -> str | None:
        if value is not None:
            parse_budget(value)
        return value

    @model_validator(mode="after")
    def _fits_together(self) -> TrainingSettings:
        if self.budget is not None and self.max_steps is not None:
            raise ValueError(
                f"budget is {self.budget} and max_steps is {self.max_steps}; give one of them"
            )
        if self.references == "given" and not self.reference_energies:
            raise ValueError("references is given, but reference_energies lists no element")
        if self.references != "given" and self.reference_energies:
            raise ValueError(
                f"reference_energies are listed but references is {self.references}; set it to "
                "given"
            )
        if self.energy_weight + self.forces_weight + self.stress_weight == 0:
            raise ValueError("all weights of the loss are 0; set energy_weight or forces_weight")
        if self.kernels == "kernels" and self.precision != "full":
            raise ValueError(
                f"kernels is kernels with precision: {self.precision}, which only eager supports; "
                "set kernels to auto or eager"
            )
        return self


def seconds_of(settings: TrainingSettings) -> float | None:
    """Return the time budget of a training; None if it is bounded by steps or epochs."""
    return None if settings.budget is None else parse_budget(settings.budget).seconds


def steps_per_epoch(settings: TrainingSettings, n_train: int) -> int:
    """Return the optimiser steps of one pass over the training frames.

    Args:
        settings: `batch_size` counts.
        n_train: training frames.
    """
    return math.ceil(n_train / settings.batch_size)


def default_steps(n_train: int) -> int:
    """Return the optimiser steps of a training by default; docs/training.md has the trials.

    Args:
        n_train: training frames.
    """
    return max(min(FEW_LABELS_STEPS * n_train, ENOUGH_STEPS), MANY_LABELS_STEPS * n_train)


def epochs_of(settings: TrainingSettings, n_train: int) -> int:
    """Return the most passes over the training frames; the default follows their number.

    Args:
        settings: `max_epochs` and `batch_size` count.
        n_train: training frames.
    """
    if settings.max_epochs is not None:
        return settings.max_epochs
    return math.ceil(default_steps(n_train) / steps_per_epoch(settings, n_train))


def steps_of(settings: TrainingSettings, n_train: int) -> int:
    """Return the optimiser steps of a training with these settings that is not stopped early.

    Args:
        settings: `batch_size`, `max_epochs`, `max_steps` and `budget` count.
        n_train: training frames.

    Raises:
        InputError: the budget is a time, whose steps are only known on the training machine.
    """
    if settings.budget is not None:
        budget = parse_budget(settings.budget)
        if budget.steps is None:
            raise InputError(
                f"budget is {settings.budget}, whose number of steps is not known before a "
                "training starts; give it in steps"
            )
        return budget.steps
    steps = epochs_of(settings, n_train) * steps_per_epoch(settings, n_train)
    return steps if settings.max_steps is None else min(steps, settings.max_steps)
