"""Origin and composition of frames, without coordinates: a CSV file with one row a frame."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from ase.data import chemical_symbols

from ipip.data import Frame
from ipip.data.provenance import Provenance
from ipip.errors import InputError
from ipip.storage.atomic import write_text

PRETRAINING = "pretraining"


@dataclasses.dataclass(frozen=True)
class FrameOrigin:
    """The properties of a frame that do not depend on the sets it is in.

    Attributes:
        frame_id: unique within the run: ``round_001/RUN/STEP``.
        run, step: MD run (or group of reference frames) and step of the frame.
        formula, atoms: composition and number of atoms.
        part: ``pretraining``, or the part of the reference: ``train``, ``valid``, ``test``.
        energy_shift_ev: added to the teacher's energy, eV; None for reference frames.
    """

    frame_id: str
    run: str
    step: str
    formula: str
    atoms: int
    part: str = PRETRAINING
    energy_shift_ev: float | None = None


COLUMNS = tuple(field.name for field in dataclasses.fields(FrameOrigin))


def origin_of(frame: Frame, frame_id: str, added: float) -> FrameOrigin:
    """Return the record of a frame of MD.

    Args:
        frame: with `traj` and `md_step` in its info.
        frame_id: unique within the run.
        added: to the teacher's energy, eV.
    """
    run, step = Provenance.of(frame).run_and_step
    formula = formula_of(frame)
    return FrameOrigin(frame_id, run, str(step), formula, len(frame), energy_shift_ev=added)


def reference_origin(
    frame: Frame, frame_id: str, part: str, group_key: str | None = None
) -> FrameOrigin:
    """Return the record of a frame that has a reference label.

    Args:
        frame: the frame.
        frame_id: unique within the run.
        part: of the reference frames.
        group_key: key of its info that names its trajectory; None: no key does.
    """
    run = str(frame.info.get(group_key, "")) if group_key else ""
    step = Provenance.of(frame).md_step
    return FrameOrigin(
        frame_id, run, "" if step is None else str(step), formula_of(frame), len(frame), part
    )


def formula_of(frame: Frame) -> str:
    """Return the composition of a frame, ``Mo3O9S12``, with symbols in alphabetical order."""
    counts = Counter(chemical_symbols[number] for number in frame.numbers.tolist())
    return "".join(f"{symbol}{counts[symbol]}" for symbol in sorted(counts))


def write_origins(path: Path, origins: Iterable[FrameOrigin]) -> None:
    """Write records in the order of the frames; shifts are written exactly."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in origins:
        added = "" if one.energy_shift_ev is None else repr(one.energy_shift_ev)
        writer.writerow((one.frame_id, one.run, one.step, one.formula, one.atoms, one.part, added))
    write_text(path, text.getvalue())


def read_origins(path: Path) -> list[FrameOrigin]:
    """Read a file of `write_origins`.

    Raises:
        InputError: the file is not of this kind and version.
    """
    return [
        FrameOrigin(frame_id, run, step, formula, int(atoms), part, float(added) if added else None)
        for frame_id, run, step, formula, atoms, part, added in read_table(path, COLUMNS)
    ]


def read_table(path: Path, columns: Sequence[str]) -> list[list[str]]:
    """Read the rows of a CSV file that has these columns.

    Raises:
        InputError: it has other columns: another version of ipip wrote it.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        header = next(rows, [])
        if header != list(columns):
            raise InputError(
                f"{path}: has the columns {', '.join(header)}, expected {', '.join(columns)}: "
                "another version of ipip wrote it; read it with that version, or compute the run "
                "again in a new folder"
            )
        return list(rows)
