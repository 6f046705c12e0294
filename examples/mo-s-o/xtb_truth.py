"""Labels of studies with GFN1-xTB as the truth: any number, within minutes.

    python examples/mo-s-o/xtb_truth.py --dir xtb-study
    ipip study xtb-study/study.yaml --dir xtb-study/out

Writes ``known.xyz`` (the shipped frames with new labels), ``warm.xyz`` (SevenNet-0's MD at 1200 K)
and ``dense.xyz`` (2500 K in smaller boxes), all labelled by GFN1-xTB, and the study's settings.

With ``--plenty`` also ``plenty.xyz``, some 2800 frames of SevenNet-0's MD of the systems that the
run explores, at their temperatures, and the settings ``plenty-study.yaml``: do the student's labels
help where reference labels are many? It takes an hour or two on two cores.

With ``--known`` only ``known.xyz`` and the settings ``uncertainty-study.yaml``, in half a minute:
do expected errors help?
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from ipip.config import RunSettings, load_settings
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
# A hot, broken molecule converges with smeared occupations.
TRUTH = {"model": "GFN1-xTB", "arguments": {"electronic_temperature": 2000.0}}
MD = {
    "timestep": 2.0,
    "steps": 200,
    "frame_interval": 20,
    "thermostat": "langevin",
    "relax_steps": 30,
}
SKIP = 60  # steps of each run that are left out: velocities and bonds reach their temperature
PLENTY_RUNS = 21  # of each system, of 15 frames each


@dataclasses.dataclass(frozen=True)
class Exploration:
    """A system that SevenNet-0 explores.

    Attributes:
        species: number of molecules by name.
        box: edge, Å.
        temperature: K.
        runs: trajectories, each from a separate box.
        frame_interval: steps from frame to frame.
    """

    species: dict[str, int]
    box: float
    temperature: float
    runs: int = 2
    frame_interval: int = 20


WARM = (
    Exploration({"Mo3O9": 1, "S2": 2}, 10.0, 1200.0),
    Exploration({"Mo3O9": 1, "S2": 3}, 10.0, 1200.0),
    Exploration({"MoO3": 2, "S2": 3}, 9.5, 1200.0),
)
DENSE = (
    Exploration({"Mo3O9": 1, "S2": 3}, 9.0, 2500.0),
    Exploration({"MoO3": 2, "S2": 3}, 8.5, 2500.0),
    Exploration({"MoS3": 1, "S2": 3}, 8.0, 2500.0),
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="Files of the study with GFN1-xTB as its truth.")
    parser.add_argument("--dir", type=Path, required=True, dest="folder", help="output folder")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time (2)")
    parser.add_argument("--plenty", action="store_true", help="label some 2800 more frames")
    parser.add_argument("--known", action="store_true", help="label only the shipped frames")
    options = parser.parse_args(arguments)
    if options.known and options.plenty:
        parser.error("--known labels only the shipped frames, --plenty some 2800 more: give one")
    return end(lambda: write_files(options.folder, options.workers, options.plenty, options.known))


def write_files(
    folder: Path, workers: int, plenty: bool = False, known_alone: bool = False
) -> None:
    """Write the labelled frames and the settings; the same call resumes."""
    console = Console()
    bare = folder / "bare"
    bare.mkdir(parents=True, exist_ok=True)
    keys = DataKeys(energy="REF_energy", forces="REF_forces")
    known = read_frames(HERE / "data" / "mso_pbe_d3.xyz", keys)
    write_frames(bare / "known.xyz", [frame.replace(energy=None, forces=None) for frame in known])
    explorations = {} if known_alone else {"warm": WARM, "dense": DENSE}
    if plenty:
        explorations["plenty"] = run_systems()
    for name, systems in explorations.items():
        if not (bare / f"{name}.xyz").exists():
            console.print(f"{name}: MD of SevenNet-0")
            write_frames(bare / f"{name}.xyz", explore(name, systems, workers, folder))
    truth = TeacherSettings.model_validate({"kind": "tblite", "workers": workers} | TRUTH)
    for name in ("known", *explorations):
        labels = label_file(truth, bare / f"{name}.xyz", folder / f"{name}.xyz")
        console.print(f"{name}: {labels['labelled']} of {labels['frames']} frames labelled")
    if known_alone:
        for file in ("uncertainty-study.yaml", "uncertainty-run.yaml"):
            shutil.copyfile(HERE / file, folder / file)
        return
    for name in ("", "plenty-") if plenty else ("",):
        for part in ("study.yaml", "run.yaml"):
            shutil.copyfile(HERE / f"xtb-{name}{part}", folder / f"{name}{part}")


def run_systems() -> list[Exploration]:
    """Return the systems that the run explores, for `plenty.xyz`."""
    settings = load_settings(HERE / "xtb-plenty-run.yaml", RunSettings)
    return [
        Exploration(dict(system.species), system.box, system.temperature, PLENTY_RUNS, 10)
        for system in settings.systems
    ]


def explore(name: str, systems: Sequence[Exploration], workers: int, logs: Path) -> list[Frame]:
    """Return frames of SevenNet-0's MD of these systems, without labels."""
    jobs = []
    for number, system in enumerate(systems):
        md = MD | {"temperature": system.temperature, "frame_interval": system.frame_interval}
        for run in range(system.runs):
            job = f"{name}-{number}-{run}"
            frame = build(
                SystemSettings(species=system.species, box=system.box),
                derive_seed(SEED, 0, job, "box"),
            )
            seed = derive_seed(SEED, 0, job, "velocities")
            jobs.append(MDJob(job, frame, seed, TeacherMDSettings.model_validate(md)))
    settings = TeacherSettings.model_validate(
        {"kind": "sevennet", "model": "7net-0", "workers": workers}
    )
    with Teacher(settings, logs) as teacher:
        results = teacher.run_md(jobs, TeacherMDSettings.model_validate(MD))
    return [
        frame.replace(energy=None, forces=None, stress=None)
        for result in results
        if result.state == "finished"
        for frame in result.frames
        if int(frame.info["md_step"]) >= SKIP
    ]


if __name__ == "__main__":
    sys.exit(main())
