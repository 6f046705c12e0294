"""`ipip gc`: remove what a run no longer needs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def gc(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    dumps: Annotated[
        bool,
        typer.Option("--dumps", help="Also remove the trajectories of harvested student MD."),
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would be removed.")
    ] = False,
) -> None:
    """Remove results set aside, checkpoints, rings and restart files of finished stages."""
    from collections import defaultdict

    from ipip.loop.garbage import collect_garbage, find_garbage
    from ipip.storage.disk_space import megabytes

    garbage = find_garbage(run, dumps=dumps) if dry_run else collect_garbage(run, dumps=dumps)
    kinds: dict[str, list[int]] = defaultdict(list)
    for item in garbage:
        kinds[item.why].append(item.bytes)
    for why, sizes in sorted(kinds.items()):
        typer.echo(f"{megabytes(sum(sizes)):>10}  {len(sizes)} x {why}")
    total = megabytes(sum(item.bytes for item in garbage))
    verb = "would be" if dry_run else "were"
    typer.echo(f"{total} {verb} removed" if garbage else "nothing to remove")
