"""Exploration by the teacher, in round 0."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ipip.pipeline.cost import (
    TEACHER_START_S,
    CostBasis,
    Forecast,
    RunSizes,
    frames_of,
    pretraining_frames,
    stored_bytes,
)
from ipip.pipeline.stage import Round, Stage, StageResult, StageRun

RUNS_FOLDER = "runs"


class TeacherMD(Stage):
    """MD of the teacher from every start: the frames of the first pretraining set."""

    name = "10_explore"
    title = "teacher MD"
    label = "explore (MD)"
    colour = "#e69f00"
    rounds = "first"
    settings = ("teacher", "systems", "teacher_md")
    writes = (f"{RUNS_FOLDER}/*.lmdb",)
    revision = 2

    def inputs(self, within: Round) -> tuple[str, ...]:
        """Return none: it is the first."""
        return ()

    def disk_bytes(self, sizes: RunSizes) -> int:
        """Return the frames of all runs."""
        frames = frames_of(sizes.settings.teacher_md)
        return sum(stored_bytes(frames, atoms) for atoms in sizes.boxes)

    def forecast(self, basis: CostBasis, index: int) -> Forecast:
        """Return the MD steps of all runs."""
        md, boxes = basis.settings.teacher_md, basis.sizes.boxes
        frames = sum(pretraining_frames(basis.settings, index))
        return Forecast(
            f"{len(boxes)} runs of {md.steps} teacher MD steps, {frames} frames",
            basis.labelling_s((md.steps + md.relax_steps) * sum(boxes)) + TEACHER_START_S,
            teacher_calls=len(boxes) * md.steps,
        )

    def work(self, run: StageRun) -> StageResult:
        """Run the MD."""
        from ipip.stages.work.teacher_md import explore_with_teacher

        return explore_with_teacher(run)


def finished_runs(results: Mapping[str, Any]) -> list[str]:
    """Return the names of the runs that ended well, sorted; those that failed give no frames.

    Args:
        results: of the stage.
    """
    return sorted(str(run["name"]) for run in results["runs"] if run["state"] == "finished")


def frames_file(folder: Path, name: str) -> Path:
    """Return the file of a run's frames in the stage's folder; earlier versions wrote text."""
    path = folder / RUNS_FOLDER / f"{name}.lmdb"
    text = path.with_name(f"{name}.xyz")
    return text if text.exists() and not path.exists() else path


TEACHER_MD = TeacherMD()
