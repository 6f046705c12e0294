"""The TorchScript program of a student, which LAMMPS runs if no kernels can."""

from __future__ import annotations

from pathlib import Path

from ipip.config.md import StudentMDSettings
from ipip.export import kernels_refusal, read_metadata
from ipip.extras import require_training
from ipip.lammps.deck import template_text
from ipip.uncertainty.record import carry_uncertainty

PROGRAM_FILE = "program.pt"


def program_of(model: Path, md: StudentMDSettings, target: Path) -> Path:
    """Return the file that a deck names, so that it runs no foreign program.

    If the kernels evaluate the student, this is the student's file, of which no code is run. Else
    the student is read as data and rewritten with this package's program. An earlier file at the
    target is replaced, not trusted.

    Args:
        model: student file, from anybody.
        md: settings of the runs; their options or deck may name backend torchscript.
        target: path of the new file.

    Raises:
        InputError: the file is not a student, or the deck cannot be read.
        MissingExtraError: the program must be written, and PyTorch is not installed.
    """
    deck = "" if md.deck is None else template_text(md.deck)
    refusal = kernels_refusal(model)
    if not refusal and "torchscript" not in f"{md.pair_options} {deck}":
        return model
    why = f"the kernels cannot run it: {refusal}" if refusal else "backend torchscript is requested"
    require_training(f"{model} ({why})")
    from ipip.export import load_student, save_student

    student, metadata = load_student(model), read_metadata(model)
    save_student(
        student,
        target,
        training_digest=metadata.training_digest,
        training=metadata.training,
    )
    carry_uncertainty(model, target)
    return target
