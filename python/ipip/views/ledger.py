"""The ledger of a run: one row for each frame in its training or tests."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ipip.config.stop import StopSettings
from ipip.data.provenance import TEACHER
from ipip.decisions.pretraining_set import SetEntry
from ipip.errors import InputError, IpipError
from ipip.records.config_lock import read_settings
from ipip.records.frame_origins import FrameOrigin, read_origins
from ipip.records.integrity import AGAIN, changed_files, inconsistency
from ipip.records.manifest import Manifest, read_manifests
from ipip.records.pretraining_index import read_index
from ipip.records.run_folder import RunFolder
from ipip.stages.harvest import HARVEST
from ipip.stages.inheritance import pretraining_set_of
from ipip.stages.label import LABEL
from ipip.stages.pretraining_frames import frame_origins
from ipip.stages.reference_labels import REFERENCE_LABELS
from ipip.stages.relabel import RELABEL
from ipip.stages.teacher_md import TEACHER_MD
from ipip.storage.atomic import write_text
from ipip.views.outcomes import decide, evaluated_rounds


@dataclasses.dataclass(frozen=True)
class LedgerRow:
    """One frame.

    Attributes:
        frame_id: unique within the run: ``round_001/RUN/STEP``.
        part: ``pretraining``, or the part of the reference: ``train``, ``valid``, ``test``.
        origin: round whose exploration produced the frame; empty for reference frames.
        run, step: MD run and step of the frame.
        formula, atoms: composition and number of atoms.
        rounds: rounds whose pretraining set holds it (of reference frames: whose student was
            fine-tuned, selected or tested with it).
        labels: who labelled it in each of these rounds.
        digests: digest of the labeller's weights in each of these rounds, if it has one.
        energy_shift_ev: added to the teacher's energy of the frame, eV; empty if the teacher did
            not label it.
        left: why no later set holds it: ``forgotten in round 2``, ``round 1 was rolled back``;
            empty while it is in use.
    """

    frame_id: str
    part: str
    origin: str
    run: str
    step: str
    formula: str
    atoms: str
    rounds: str
    labels: str
    digests: str
    energy_shift_ev: str
    left: str


COLUMNS = tuple(field.name for field in dataclasses.fields(LedgerRow))


def build_ledger(
    sets: Mapping[int, Sequence[SetEntry]],
    origins: Mapping[str, FrameOrigin],
    chain: Sequence[int],
    digests: Mapping[str, str],
) -> list[LedgerRow]:
    """Return the rows of a ledger.

    Args:
        sets: the index of each round's pretraining set, by round.
        origins: of each frame, by its id.
        chain: the accepted rounds, in order.
        digests: digest of the weights of each labeller, by its name.
    """
    lives: dict[str, list[tuple[int, SetEntry]]] = {}
    for index, entries in sorted(sets.items()):
        for entry in entries:
            lives.setdefault(entry.frame_id, []).append((index, entry))
    ledger = []
    for frame_id, life in lives.items():
        origin = origins[frame_id]
        labels = [entry.label for _, entry in life]
        added = origin.energy_shift_ev if TEACHER in labels else None
        rounds = [index for index, _ in life]
        ledger.append(
            LedgerRow(
                frame_id=frame_id,
                part=origin.part,
                origin=str(life[0][1].origin),
                run=origin.run,
                step=origin.step,
                formula=origin.formula,
                atoms=str(origin.atoms),
                rounds=" ".join(str(index) for index in rounds),
                labels="; ".join(labels),
                digests="; ".join(digests.get(label, "") for label in labels),
                energy_shift_ev="" if added is None else f"{added:.6f}",
                left=_why_left(rounds, sets, chain),
            )
        )
    return ledger


def _why_left(
    rounds: Sequence[int], sets: Mapping[int, Sequence[Any]], chain: Sequence[int]
) -> str:
    """Return why a frame is not in the set of the last accepted round."""
    last = chain[-1]
    if last in rounds:
        return ""
    accepted = [index for index in chain if index in rounds]
    if not accepted:
        return f"round {rounds[-1]} was rolled back"
    after = next(index for index in chain if index > accepted[-1] and index in sets)
    return f"forgotten in round {after}"


def run_ledger(
    run: RunFolder, manifests: Mapping[str, Manifest], rules: StopSettings
) -> list[LedgerRow]:
    """Return the ledger of a run's evaluated rounds, from the files of its stages."""
    decision = decide(manifests, rules)
    sets, digests = {}, {TEACHER: _teacher_digest(manifests)}
    for index in evaluated_rounds(manifests):
        sets[index] = read_index(run.stage(pretraining_set_of(index)) / LABEL.record.INDEX)
        for labeller in RELABEL.read(manifests, index).labellers if index else ():
            digests[labeller.name] = labeller.weights_digest
    chain = decision.chain if decision else (0,)
    rounds = {entry.origin for entries in sets.values() for entry in entries}
    origins = [origin for index in sorted(rounds) for origin in frame_origins(run, index)]
    rows = build_ledger(sets, {origin.frame_id: origin for origin in origins}, chain, digests)
    for origin in read_origins(run.stage(LABEL.of(0)) / LABEL.record.REFERENCE_INDEX):
        rows.append(_labelled_by_reference(origin, sorted(sets)))
    for index in sorted(sets):
        path = run.stage(REFERENCE_LABELS.of(index)) / REFERENCE_LABELS.record.REFERENCE_INDEX
        if REFERENCE_LABELS.of(index) in manifests and path.exists():
            rows += _active_rows(path, index, chain)
    return rows


def _active_rows(path: Path, index: int, chain: Sequence[int]) -> list[LedgerRow]:
    """Return a row for each frame whose reference label round `index` computed."""
    rounds = [accepted for accepted in chain if accepted >= index] if index in chain else [index]
    left = "" if index in chain else f"round {index} was rolled back"
    return [_labelled_by_reference(one, rounds, str(index), left) for one in read_origins(path)]


def _labelled_by_reference(
    known: FrameOrigin, rounds: Sequence[int], origin: str = "", left: str = ""
) -> LedgerRow:
    """Return the row of a frame that has its reference label in each of its rounds."""
    return LedgerRow(
        frame_id=known.frame_id,
        part=known.part,
        origin=origin,
        run=known.run,
        step=known.step,
        formula=known.formula,
        atoms=str(known.atoms),
        rounds=" ".join(str(index) for index in rounds),
        labels="; ".join(["reference"] * len(rounds)),
        digests="; ".join([""] * len(rounds)),
        energy_shift_ev="",
        left=left,
    )


def read_ledger(
    root: Path,
    *,
    frame: str | None = None,
    origin: int | None = None,
    lived_in: int | None = None,
    label: str | None = None,
) -> list[LedgerRow]:
    """Return the rows of a run's ledger that fit all filters.

    They come from the files of the stages, without coordinates.

    Args:
        root: run folder.
        frame: part of the frame's id.
        origin: round whose exploration produced the frame.
        lived_in: round whose pretraining set holds it.
        label: its labeller in that round (in any, without a round).

    Raises:
        InputError: the run has no ledger yet.
        IpipError: a stage or one of its files is missing or damaged.
    """
    run = RunFolder(root)
    run.require()
    manifests, settings = read_manifests(run), read_settings(run)
    rounds = evaluated_rounds(manifests)
    if not rounds:
        raise InputError(f"{root}: has no ledger yet; it is available once round 0 is finished")
    stages = [pretraining_set_of(index) for index in rounds]
    stages += [HARVEST.of(index) for index in rounds if index > 0]
    stages += [name for k in rounds if (name := REFERENCE_LABELS.of(k)) in manifests]
    problem = inconsistency(manifests) or changed_files(run, manifests, stages)
    if problem is not None:
        raise IpipError(f"{run.root}: {problem}; {AGAIN}")
    rows = run_ledger(run, manifests, settings.stop)
    return [row for row in rows if _fits(row, frame, origin, lived_in, label)]


def write_ledger(path: Path, rows: Iterable[LedgerRow]) -> None:
    """Write the rows of a ledger as CSV."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(dataclasses.astuple(row) for row in rows)
    write_text(path, text.getvalue())


def _fits(
    row: LedgerRow, frame: str | None, origin: int | None, lived_in: int | None, label: str | None
) -> bool:
    labels = dict(zip(row.rounds.split(), row.labels.split("; "), strict=True))
    if lived_in is not None:
        labels = {index: who for index, who in labels.items() if index == str(lived_in)}
    return (
        (frame is None or frame in row.frame_id)
        and (origin is None or row.origin == str(origin))
        and bool(labels)
        and (label is None or label in labels.values())
    )


def _teacher_digest(manifests: Mapping[str, Manifest]) -> str:
    teacher = TEACHER_MD.read(manifests, 0).teacher
    return teacher.weights_digest or teacher.model
