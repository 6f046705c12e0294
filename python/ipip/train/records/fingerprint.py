"""The inputs that determine the result of a training, and checks of its frames."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ipip.config.influence import fields_without_influence
from ipip.config.training import TrainingSettings
from ipip.data.digest import frames_digest
from ipip.data.elements import check_elements
from ipip.data.frame import Frame
from ipip.data.provenance import config_type_of
from ipip.errors import InputError
from ipip.export import weights_digest
from ipip.models import Student


def fingerprint(
    student: Student,
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    replay_frames: Sequence[Frame],
    settings: TrainingSettings,
    seed: int,
) -> dict[str, Any]:
    """Return all inputs that determine the result of a training, as JSON values."""
    values = {
        "settings": settings.model_dump(exclude=set(fields_without_influence(type(settings)))),
        "student": {
            "architecture": student.architecture,
            "symbols": student.symbols,
            "arguments": student.arguments,
            "initial_weights": weights_digest(student.state_dict()),
            "frozen": [n for n, p in student.named_parameters() if not p.requires_grad],
        },
        "training_frames": frames_digest(train_frames),
        "validation_frames": frames_digest(valid_frames),
        "seed": seed,
    }
    if replay_frames:
        values["replayed_frames"] = frames_digest(replay_frames)
    plain: dict[str, Any] = json.loads(json.dumps(values))
    return plain


def check_frames(
    train_frames: Sequence[Frame],
    valid_frames: Sequence[Frame],
    replay_frames: Sequence[Frame],
    student: Student,
    settings: TrainingSettings,
    *,
    labelled: bool = True,
) -> None:
    """Check the frames of a training; without labels if `labelled` is False.

    Raises:
        InputError: with the part and the frame.
    """
    if not len(train_frames):
        raise InputError("there are no training frames; expected at least one")
    kinds: set[str] = set()
    weighty = stressed = False
    for part, frames in (
        ("training", train_frames),
        ("validation", valid_frames),
        ("replayed", replay_frames),
    ):
        check_elements(frames, student.symbols, f"{part} frames")
        for index, frame in enumerate(frames):
            for label in ("energy", "forces") if labelled else ():
                if getattr(frame, label) is None:
                    raise InputError(f"{part} frame {index} has no {label}; a training needs both")
            if part == "training":
                kind = config_type_of(frame)
                kinds.add(kind)
                weighty |= frame.weight * settings.config_type_weights.get(kind, 1.0) > 0
                stressed |= frame.stress is not None
    if settings.stress_weight > 0 and not stressed:
        raise InputError(
            f"stress_weight is {settings.stress_weight}, but no training frame has a stress (only "
            "frames that are periodic in three directions have one); set it to 0"
        )
    unknown = [kind for kind in settings.config_type_weights if kind not in kinds]
    if unknown:
        raise InputError(
            f"config_type_weights names {', '.join(unknown)}, which no training frame has; "
            f"expected some of {', '.join(sorted(kinds))}"
        )
    if not weighty:
        raise InputError("all training frames have weight 0; there is nothing to learn from")
