"""Labels of a second study, whose truth is GFN1-xTB: as many as one likes, within minutes.

    python examples/mo-s-o/xtb_truth.py --dir xtb-study
    ipip study xtb-study/study.yaml --dir xtb-study/out

Writes ``known.xyz`` (the shipped frames with new labels), ``warm.xyz`` (SevenNet-0's MD at 1200 K)
and ``dense.xyz`` (2500 K in smaller boxes), all labelled by GFN1-xTB, and the study's settings.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ipip.config.data import DataKeys
from ipip.config.md import TeacherMDSettings
from ipip.config.systems import SystemSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame, read_frames, write_frames
from ipip.pipeline.seeds import derive_seed
from ipip.recipes.command import end
from ipip.systems import build
from ipip.teachers import MDJob, Teacher
from ipip.teachers.label_file import label_file

HERE = Path(__file__).resolve().parent
SEED = 7
# A hot, torn molecule converges with smeared occupations.
TRUTH = {"model": "GFN1-xTB", "arguments": {"electronic_temperature": 2000.0}}
MD = {"timestep": 2.0, "steps": 200, "frame_interval": 20, "thermostat": "langevin"}
SKIP = 60  # steps of each run that are left out: velocities and bonds come to their temperature
WARM = (({"Mo3O9": 1, "S2": 2}, 10.0), ({"Mo3O9": 1, "S2": 3}, 10.0), ({"MoO3": 2, "S2": 3}, 9.5))
DENSE = (({"Mo3O9": 1, "S2": 3}, 9.0), ({"MoO3": 2, "S2": 3}, 8.5), ({"MoS3": 1, "S2": 3}, 8.0))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="Files of the study with GFN1-xTB as its truth.")
    parser.add_argument("--dir", type=Path, required=True, dest="folder", help="output folder")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time (2)")
    options = parser.parse_args(arguments)
    return end(lambda: write_files(options.folder, options.workers))


def write_files(folder: Path, workers: int) -> None:
    """Write the labelled frames and the settings; the same call continues."""
    console = Console()
    bare = folder / "bare"
    bare.mkdir(parents=True, exist_ok=True)
    keys = DataKeys(energy="REF_energy", forces="REF_forces")
    known = read_frames(HERE / "data" / "mso_pbe_d3.xyz", keys)
    write_frames(bare / "known.xyz", [frame.replace(energy=None, forces=None) for frame in known])
    for name, systems, temperature in (("warm", WARM, 1200.0), ("dense", DENSE, 2500.0)):
        if not (bare / f"{name}.xyz").exists():
            console.print(f"{name}: MD of SevenNet-0 at {temperature:g} K")
            frames = explore(name, systems, temperature, workers, folder)
            write_frames(bare / f"{name}.xyz", frames)
    truth = TeacherSettings.model_validate({"kind": "tblite", "workers": workers} | TRUTH)
    for name in ("known", "warm", "dense"):
        found = label_file(truth, bare / f"{name}.xyz", folder / f"{name}.xyz")
        console.print(f"{name}: {found['labelled']} of {found['frames']} frames labelled")
    for name in ("study.yaml", "run.yaml"):
        shutil.copyfile(HERE / f"xtb-{name}", folder / name)


def explore(
    name: str,
    systems: Sequence[tuple[dict[str, int], float]],
    temperature: float,
    workers: int,
    logs: Path,
) -> list[Frame]:
    """Return frames of SevenNet-0's MD, two runs of each system, without labels."""
    md = TeacherMDSettings.model_validate({**MD, "temperature": temperature, "relax_steps": 30})
    jobs = []
    for number, (species, box) in enumerate(systems):
        for run in range(2):
            job = f"{name}-{number}-{run}"
            frame = build(
                SystemSettings(species=species, box=box), derive_seed(SEED, 0, job, "box")
            )
            jobs.append(MDJob(job, frame, derive_seed(SEED, 0, job, "velocities")))
    settings = TeacherSettings.model_validate(
        {"kind": "sevennet", "model": "7net-0", "workers": workers}
    )
    with Teacher(settings, logs) as teacher:
        results = teacher.run_md(jobs, md)
    return [
        frame.replace(energy=None, forces=None, stress=None)
        for result in results
        if result.state == "finished"
        for frame in result.frames
        if int(frame.info["md_step"]) >= SKIP
    ]


if __name__ == "__main__":
    sys.exit(main())
