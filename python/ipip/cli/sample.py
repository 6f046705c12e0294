"""`ipip sample`: a surface walk over the minima of a cluster, and a Boltzmann draw from it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def sample(
    level: Annotated[
        Path, typer.Argument(help="Settings (YAML) of the potential to walk on: kind, model, ...")
    ],
    start: Annotated[
        str, typer.Argument(help="Structure file, or a molecule's name such as Mo3O9.")
    ],
    out: Annotated[Path, typer.Option("--out", help="File for the drawn frames (.xyz).")],
    steps: Annotated[int, typer.Option(min=1, help="Attempts to leave a minimum.")] = 50,
    frames: Annotated[int, typer.Option(min=1, help="Frames to draw.")] = 100,
    temperature: Annotated[
        float, typer.Option(min=1.0, help="K; of the draw and of accepting a minimum.")
    ] = 3000.0,
    seed: Annotated[int, typer.Option(min=0, help="Seed of walk and draw.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print what came out as JSON.")] = False,
) -> None:
    """Sample structures of a cluster as the data set of arXiv 2507.20118: SSW, Boltzmann draw."""
    import json
    import tempfile

    from ipip.cli.progress import TerminalReporter
    from ipip.config.load import load_settings
    from ipip.config.teacher import TeacherSettings
    from ipip.data import write_frames
    from ipip.systems import molecule
    from ipip.systems.files import read_structure
    from ipip.systems.walking import boltzmann_draw, walk
    from ipip.teachers import Teacher, TeacherCalculator

    settings = load_settings(level, TeacherSettings).model_copy(update={"workers": 1})
    atoms = read_structure(Path(start)) if Path(start).suffix else molecule(start)
    shown = 0
    with (
        tempfile.TemporaryDirectory(prefix="ipip-sample-") as logs,
        Teacher(settings, Path(logs)) as teacher,
        TerminalReporter().tasks("walk steps", steps) as advance,
    ):

        def progress(done: int, _total: int) -> None:
            nonlocal shown
            advance(done - shown)
            shown = done

        found = walk(
            atoms,
            TeacherCalculator(teacher),
            steps=steps,
            temperature=temperature,
            seed=seed,
            progress=progress,
        )
    energies = [float(frame.energy or 0.0) for frame in found.visited]
    drawn = [found.visited[k] for k in boltzmann_draw(energies, temperature, frames, seed)]
    write_frames(out, drawn)
    lowest = min(float(frame.energy or 0.0) for frame in found.minima)
    report = {
        "visited": len(found.visited),
        "drawn": len(drawn),
        "accepted": found.accepted,
        "broken": found.broken,
        "steps": steps,
        "lowest_energy_ev": lowest,
    }
    if as_json:
        typer.echo(json.dumps(report, indent=1))
        return
    typer.echo(
        f"{len(drawn)} of {len(found.visited)} visited structures drawn at {temperature:g} K: {out}"
    )
    typer.echo(
        f"{found.accepted} of {steps} steps accepted, {found.broken} given up (the cluster broke); "
        f"lowest minimum {lowest:.4f} eV"
    )
