"""Errors of a model file on a file of labelled frames."""

from __future__ import annotations

import json
from pathlib import Path

from ipip.config.data import DataKeys
from ipip.data.elements import check_elements
from ipip.data.files import read_frames, write_frames
from ipip.errors import InputError
from ipip.evaluation.expected_errors import measure_reliability
from ipip.evaluation.metrics import Metrics, metrics
from ipip.evaluation.predict_file import predict_file
from ipip.evaluation.students import open_student
from ipip.export import read_metadata
from ipip.storage.atomic import write_text
from ipip.storage.disk_space import full_disk_explained
from ipip.storage.lock import writes
from ipip.uncertainty import read_uncertainty


@writes("out", "eval")
def evaluate_file(
    model: Path,
    data: Path,
    keys: DataKeys | None = None,
    out: Path | None = None,
    device: str = "cpu",
) -> Metrics:
    """Return the errors of a student on labelled frames: eV/Å, meV/atom, eV/Å^3.

    Args:
        model: student file.
        data: labelled frames, in any format of :func:`ipip.data.read_frames`.
        keys: names of the labels in the file.
        out: folder for ``metrics.json``, ``errors.csv`` (each frame), ``predicted.xyz``,
            ``parity.png`` and ``parity.html``, and ``reliability.png`` of a student with expected
            errors; None: nothing is written.
        device: on which the student is evaluated, see `open_student`.

    Returns:
        The errors; `uncertainty` among them compares expected with true ones, if the student's
        file has expected errors.

    Raises:
        InputError: the student or the frames cannot be read, or it lacks an element.
        IpipError: the disk is full.
    """
    metadata = read_metadata(model)
    reference = read_frames(data, keys)
    check_elements(reference, metadata.symbols, str(data))
    if out is not None and out.exists() and not out.is_dir():
        raise InputError(f"{out}: is a file; expected a folder for the output")
    predicted = predict_file(model, reference, device)
    errors = metrics(reference, predicted)
    expected = read_uncertainty(model)
    measured = None
    if expected is not None and all(frame.forces is not None for frame in reference):
        measured = measure_reliability(
            open_student(model, device=device)[0], expected, reference, predicted
        )
        errors["uncertainty"] = measured.as_dict()
    if out is None:
        return errors
    from ipip.evaluation.interactive import write_page  # plotting takes a second to import
    from ipip.evaluation.parity import plot_parity, write_frame_errors
    from ipip.evaluation.reliability_plot import plot_reliability

    title, energies = f"{model.name} on {data.name}", metadata.reference_energies
    with full_disk_explained(out):
        out.mkdir(parents=True, exist_ok=True)
        write_text(out / "metrics.json", json.dumps(errors, indent=1) + "\n")
        write_frame_errors(reference, predicted, out / "errors.csv")
        write_frames(out / "predicted.xyz", predicted)
        plot_parity(
            reference, predicted, out / "parity.png", title=title, reference_energies=energies
        )
        if measured is not None:
            plot_reliability(measured, out / "reliability.png", title=title)
        write_page(
            out / "parity.html", reference, predicted, title=title, reference_energies=energies
        )
    return errors
