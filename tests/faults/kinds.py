"""The purposes of a folder's files, and where unnoticed damage does no harm.

A reason applies only to results that are the same as without the damage: other results count as
wrong, whatever the file is for.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """A kind of file.

    Attributes:
        name: for the table.
        pattern: of its path in the folder.
        reason: why damage to it may go unnoticed, or "" where it may not.
        only: a word in the names of the folders to which the reason applies; "": to all.
    """

    name: str
    pattern: str
    reason: str = ""
    only: str = ""


RUN = r"(^|.*/)"
IN_STUDY = r"runs/seed_\d+/[^/]+/"
KINDS = (
    Kind(
        "stores of frames, `.lmdb`",
        r"^\d+\.lmdb$",
        "a part of a page that holds nothing: each frame, and their number, has a digest",
    ),
    Kind("labels: `OUT`, `OUT.labels.jsonl`", r"^labels\.xyz(\.labels\.jsonl|\.dropped\.csv)?$"),
    Kind("labels: `OUT.label.json`", r"^labels\.xyz\.label\.json$", "for people: by which level"),
    Kind(
        "explored frames, `explore.json`, features",
        r"^explored\.xyz(\.explore/(explore.json|features.npz))?$",
    ),
    Kind("frames of a harvest: `frames.xyz`, `frames.json`", r"^frames\.(xyz|json)$"),
    Kind("`harvest.csv`", r"^harvest\.csv$"),
    Kind("`scan.json`", r"^scan\.json$"),
    Kind("study: `study.json`, `study.lock.yaml`", r"^study\.(json|lock\.yaml)$"),
    Kind("study: scores", r"^tests/.*\.json$"),
    Kind(
        "study: the teacher's labels",
        r"^teachers/.*\.(json|xyz)$",
        "read only to make scores that are lost, after their digest was compared",
    ),
    Kind("study: `config.lock.yaml` of a run", rf"^{IN_STUDY}config\.lock\.yaml$"),
    Kind(
        "study: views and `best/student.pt` of a run",
        rf"^{IN_STUDY}(summary\.json|ledger\.csv|best/student\.pt)$",
    ),
    Kind(
        "study: records and students of a protocol",
        r"^protocols/[^/]+/(protocol\.json|summary\.json|students/.*)$",
    ),
    Kind(
        "reports and pictures",
        r"^(report/.*|.*\.png|.*\.html|errors\.csv|(.*/)?(survival|runs)\.csv)$",
        "for people; written again by the command that made them",
    ),
    Kind(
        "`summary.json`, `ledger.csv`, `test.json`",
        r"^(summary\.json|ledger\.csv|test\.json)$",
        "views; written again",
    ),
    Kind("`best/student.pt`, `student.pt` of a folder", r"^(best/)?student\.pt$"),
    Kind("`config.lock.yaml`", r"^config\.lock\.yaml$"),
    Kind("`protocol.json`", r"^protocol\.json$", "`ipip stability` alone reads it", "harvest"),
    Kind(
        "`journal.jsonl`, `progress.json`, `.lock`",
        RUN + r"(journal\.jsonl|progress\.json|\.lock|\.train\.lock|\.labels\.xyz\.lock)$",
        "nothing is decided by them",
    ),
    Kind("`manifest.json`", RUN + r"manifest\.json$"),
    Kind(
        "logs",
        RUN + r"(log\.(before\.)?lammps|screen\.txt|teacher-\d+\.log)$",
        "for people; no figure is read from the log of a run that has a verdict",
    ),
    Kind(
        "decks, start structures, links to students",
        RUN + r"(runs/.+|speed)/(in\.lammps|start\.data|student\.pt)$",
        "written when a run of MD begins, and read only then",
    ),
    Kind(
        "restart files and `restart.sha256`",
        RUN + r"(restart\.(a|b|sha256)|first_energy\.txt)$",
        "of a run that has its verdict: nothing reads them again",
    ),
    Kind(
        "student MD: dumps and ring",
        RUN + r"(trajectory\.dump|ring/\d+\.dump|frames_removed|garbage_collected)$",
        "of a run that was judged and harvested: the stage's outputs have what was read of them",
    ),
    Kind(
        "student MD: `verdict.json`, `run.json`",
        RUN + r"(run\.json|verdict\.json)$",
        "of a stage that is done: the manifest has what counts",
    ),
    Kind(
        "student MD: last frame, end, progress",
        RUN + r"(last\.dump|end\.txt|progress\.txt)$",
        "of a run that was judged: the verdict has what was read of them",
    ),
    Kind(
        "`started.json`, `teacher.json`, `teacher_timing.json`",
        RUN + r"(started\.json|teacher\.json|teacher_timing\.json)$",
        "of a stage that is done: the manifest has what counts",
    ),
    Kind(
        "teacher's MD and its state",
        RUN + r"runs/[^/]+\.(json|xyz|lmdb|state\.npz|part\.xyz)$",
        "of a trajectory that is done: nothing reads its state again",
    ),
    Kind("checkpoints", RUN + r"[^/]+\.ckpt$", "of a training whose student is written"),
    Kind(
        "records and curves of a training",
        RUN + r"(training\.json|result\.json|metrics\.csv|plan\.json)$",
        "of a training whose student is written; curves are for people",
    ),
    Kind("`split.json` of a training", r"^split\.json$"),
)
OUTPUTS = Kind("outputs of a stage: frames, students, tables", "")


def kind_of(name: str, outputs: frozenset[str]) -> Kind:
    """Return the kind of a file.

    Args:
        name: path in the folder.
        outputs: paths of the files that manifests have digests of.

    Raises:
        LookupError: no kind: a new file needs a stated purpose.
    """
    if name in outputs:
        return OUTPUTS
    for kind in KINDS:
        if re.match(kind.pattern, name):
            return kind
    raise LookupError(f"{name}: no kind of file in tests/faults/kinds.py")
