"""A progress bar over the bytes of a dump."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from ipip.lammps.dump import DumpReader
from ipip.lammps.dump_frame import DumpFrame
from ipip.lammps.dump_stream import is_compressed


@contextlib.contextmanager
def dump_progress(
    files: Sequence[Path], *, shown: bool = True
) -> Iterator[Callable[[DumpFrame, DumpReader], None]]:
    """Yield a function that moves the bar to a frame; the length of compressed dumps is unknown."""
    console = Console(stderr=True, highlight=False, markup=False)
    sizes = [file.stat().st_size for file in files]
    before = {file.name: sum(sizes[:k]) for k, file in enumerate(files)}
    plain = not any(is_compressed(file) for file in files)
    columns = (
        TextColumn("step {task.fields[step]}"),
        BarColumn(bar_width=30),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    drawn = shown and console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=not drawn) as bar:
        task = bar.add_task("", total=sum(sizes) if plain else None, step=0)

        def advance(frame: DumpFrame, reader: DumpReader) -> None:
            place = reader.position
            bar.update(task, completed=before[place.file] + place.offset, step=frame.step)

        yield advance
