"""Whether a lower precision is sufficient for forces, measured on the given frames."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import torch

from ipip.config.training import TrainingSettings
from ipip.data.frame import Frame
from ipip.errors import InputError
from ipip.models import Student
from ipip.network import energy_and_forces
from ipip.network.batches import batch_arguments
from ipip.network.dataset import GraphDataset
from ipip.network.frozen import frozen_weights
from ipip.network.graph import join_graphs

TRIED = 8  # frames
AUTOCAST = {"bf16": torch.bfloat16}
log = logging.getLogger(__name__)


def force_change(student: Student, frames: Sequence[Frame], precision: str) -> float:
    """Return the change of a student's forces by a precision, relative to the forces.

    Args:
        student: with float32 weights.
        frames: the first few with neighbours are used.
        precision: `bf16`.

    Returns:
        Root mean square of the change over that of the forces; 0 without forces.
    """
    graphs = []
    for start in range(0, len(frames), TRIED):
        part = GraphDataset(frames[start : start + TRIED], student.symbols, student.cutoff)
        graphs += [graph for graph in part if graph.edge_index.shape[1] > 0]
        if len(graphs) >= TRIED:
            break
    if not graphs:
        return 0.0
    device = next(student.parameters()).device
    batch = join_graphs(graphs[:TRIED]).to(device)
    inputs = batch_arguments(batch)
    with frozen_weights(student):
        _, full, _ = energy_and_forces(student, *inputs)
        with torch.autocast(device.type, dtype=AUTOCAST[precision]):
            _, low, _ = energy_and_forces(student, *inputs)
    size = float(full.square().mean().sqrt())
    return float((low - full).square().mean().sqrt()) / size if size > 0 else 0.0


def check_precision(
    student: Student, frames: Sequence[Frame], settings: TrainingSettings, *, warn: bool = False
) -> None:
    """Refuse (or warn of) a precision that changes forces by more than the settings allow.

    Raises:
        InputError: the change is too large, or the student's weights are not float32.
    """
    if settings.precision == "full":
        return
    if student.dtype_name != "float32":
        raise InputError(
            f"precision is {settings.precision} with a {student.dtype_name} student; it needs "
            "student.dtype: float32"
        )
    try:
        change = force_change(student, frames, settings.precision)
    except RuntimeError as error:
        raise InputError(
            f"precision is {settings.precision}, in which {student.architecture} cannot compute "
            f"({str(error).splitlines()[0]}); set precision to full"
        ) from None
    measured = (
        f"precision {settings.precision} changes the student's forces by {100 * change:.2g} % "
        f"(root mean square), precision_tolerance allows {100 * settings.precision_tolerance:.2g} %"
    )
    if change <= settings.precision_tolerance:
        log.info("%s", measured)
    elif warn:
        log.warning("%s; train with precision: full", measured)
    else:
        raise InputError(f"{measured}; set precision to full")
