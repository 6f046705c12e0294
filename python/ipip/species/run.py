"""The whole of ``ipip species``: analysis, tables and pictures of a dump."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from ipip.config.species import SpeciesSettings
from ipip.data.atomic import write_text
from ipip.data.lock import writes
from ipip.errors import InputError
from ipip.lammps.dump import DumpReader, read_dump
from ipip.lammps.dump_frame import DumpFrame
from ipip.species.analyse import SpeciesResult, analyse_species
from ipip.species.network_plot import plot_network
from ipip.species.page import write_page
from ipip.species.plots import plot_species
from ipip.species.verdict import as_dict


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
        settings: bonds and what is followed.
        folder: for the output; made where it is not there.
        symbols: element of each LAMMPS type; None: from the dump's element column.
        progress: called with each frame and the reader.

    Raises:
        InputError: the dump, the symbols or the folder are not usable.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file; expected a folder for the output")
    reader = read_dump(dump, symbols, columns=())
    report = None if progress is None else lambda frame: progress(frame, reader)
    try:
        result = analyse_species(reader, settings, folder, report)
    except InputError as error:
        named = str(dump) in str(error)  # the reader's own messages say which dump
        raise error if named else InputError(f"{dump}: {error}") from None
    summary = {
        "dump": str(dump),
        "settings": settings.model_dump(mode="json"),
        "symbols": None if symbols is None else list(symbols),
        "last_frame_cut_off": reader.truncated,
        "broken_frames": reader.broken,
        **as_dict(result),
    }
    write_text(folder / "summary.json", json.dumps(summary, indent=1) + "\n")
    plot_species(result, folder / "species.png")
    plot_network(result, folder / "network.png", settings.network_reactions)
    write_page(result, folder / "species.html", dump.name, settings.network_reactions)
    return result
