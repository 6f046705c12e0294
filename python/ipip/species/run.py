"""The work of ``ipip species``: analysis, tables and pictures of a dump."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from ipip.config.species import SpeciesSettings
from ipip.errors import InputError
from ipip.lammps.dump import DumpReader, read_dump
from ipip.lammps.dump_frame import DumpFrame, DumpPosition
from ipip.lammps.dump_index import DumpIndex, EarlierFrames
from ipip.lammps.dump_origin import timestep_of_run, units_of_dump
from ipip.species.analyse import SpeciesResult, analyse_species
from ipip.species.network_plot import plot_network
from ipip.species.page import write_page
from ipip.species.plots import plot_species
from ipip.species.verdict import as_dict
from ipip.storage.atomic import write_text
from ipip.storage.lock import writes


@writes("folder", "species")
def species_of_dump(
    dump: Path,
    settings: SpeciesSettings,
    folder: Path,
    symbols: Sequence[str] | None = None,
    progress: Callable[[DumpFrame, DumpReader], None] | None = None,
) -> SpeciesResult:
    """Analyse a dump and write tables, ``summary.json``, pictures and ``species.html``.

    Args:
        dump: file (.gz and .zst too), or a pattern with ``*``.
        settings: bonds and followed element.
        folder: for the output; created if needed.
        symbols: element of each LAMMPS type; None: from the dump's element column.
        progress: called with each frame and the reader.

    Raises:
        InputError: the dump, the symbols or the folder are not usable; the dump holds several runs
            and the settings choose none; or it contradicts the settings.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; expected a folder for the output")
    units = units_of_dump(dump, settings.units)
    read = functools.partial(
        read_dump, dump, symbols, columns=(), units=units, whole=settings.whole
    )
    places = _places_of_run(read(), settings.run)
    reader = read()
    frames = reader if places is None else _frames_at(reader, places)
    report = None if progress is None else lambda frame: progress(frame, reader)
    timestep = timestep_of_run(dump, settings.timestep)
    chosen = settings.model_copy(update={"timestep": timestep})
    try:
        result = analyse_species(frames, chosen, folder, report)
    except InputError as error:
        named = str(dump) in str(error)  # the reader's messages name the dump
        raise error if named else InputError(f"{dump}: {error}") from None
    summary = {
        "dump": str(dump),
        "settings": settings.model_dump(mode="json"),
        "symbols": None if symbols is None else list(symbols),
        "last_frame_cut_off": reader.truncated,
        "broken_frames": reader.broken,
        "units": units or "metal",
        **as_dict(result),
    }
    write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
    plot_species(result, folder / "species.png")
    plot_network(result, folder / "network.png", settings.network_reactions)
    write_page(result, folder / "species.html", dump.name, settings.network_reactions)
    return result


def _places_of_run(reader: DumpReader, run: int | None) -> Iterator[DumpPosition] | None:
    """Return the positions of a run's frames if the dump's steps start again; else None."""
    if reader.steps_grow():
        if run not in (None, 1):
            raise InputError(f"dump {reader.path} holds one run, but run {run} was requested")
        return None
    index = DumpIndex()
    earlier = EarlierFrames(reader.from_position)
    for frame in reader.without_warnings():
        index.add(frame, earlier)
    runs = len(index.ends)
    if runs > 1 and run is None:
        raise InputError(
            f"dump {reader.path} holds {runs} runs, since its steps start again: "
            f"{index.describe()}; choose one with --run (`run`), such as --run {runs}"
        )
    if run is not None and run > runs:
        raise InputError(
            f"dump {reader.path} holds {runs} runs ({index.describe()}), but --run is {run}; "
            "choose one of these"
        )
    return index.in_order(0 if run is None else run - 1)


def _frames_at(reader: DumpReader, places: Iterator[DumpPosition]) -> Iterator[DumpFrame]:
    """Yield the frames at these positions, which are in the order of the dump."""
    position = next(places, None)
    for frame in reader:
        if frame.position == position:
            yield frame
            position = next(places, None)
            if position is None:
                return
