"""`ipip rewind`: return a run to the state before a stage."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def rewind(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    stage: Annotated[
        str,
        typer.Argument(help="First stage to set aside, as `ipip status` names it, or round_001."),
    ],
) -> None:
    """Set aside a stage and all later ones; `ipip run` computes them again."""
    from ipip.loop.rewind import rewind as go_back

    aside, names = go_back(run, stage)
    count = f"{len(names)} stages" if len(names) > 1 else "one stage"
    typer.echo(f"{count} from {names[0]} on moved to {aside}; nothing was deleted")
