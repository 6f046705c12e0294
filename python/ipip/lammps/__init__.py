"""Student MD in LAMMPS: decks, guarded runs, verdicts, dumps."""

from ipip.lammps.deck import PairCommands, render_deck
from ipip.lammps.dump import DumpReader, read_dump
from ipip.lammps.dump_frame import DumpFrame, DumpPosition
from ipip.lammps.many import run_many
from ipip.lammps.run import StudentRun, read_verdict, run_student_md
from ipip.lammps.trajectory import RunTrajectory
from ipip.lammps.verdict import Bounds, RunFacts, Verdict, judge

__all__ = [
    "Bounds",
    "DumpFrame",
    "DumpPosition",
    "DumpReader",
    "PairCommands",
    "RunFacts",
    "RunTrajectory",
    "StudentRun",
    "Verdict",
    "judge",
    "read_dump",
    "read_verdict",
    "render_deck",
    "run_many",
    "run_student_md",
]
