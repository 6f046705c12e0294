"""Pages of the reference that are written from the code, so that they cannot differ from it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.results import read_results
from docs.reference_pages.accuracy import accuracy_tables
from docs.reference_pages.commands import commands_page
from docs.reference_pages.figures import (
    benchmark_tables,
    differences_table,
    machine_tables,
    study_tables,
)
from docs.reference_pages.headers import headers_page
from docs.reference_pages.modules import module_pages
from docs.reference_pages.plots import speed_plot
from docs.reference_pages.settings import settings_pages
from docs.reference_pages.uncertainty import bias_tables, method_tables

__all__ = ["write_reference"]


def write_reference(folder: Path) -> None:
    """Write all pages into a folder; a page that is as before keeps its time.

    Raises:
        UndocumentedError: a key, verb, option, name or declaration has no sentence.
    """
    results = read_results()
    pages: dict[str, str | bytes] = {
        "commands.md": commands_page(),
        "cpp.md": headers_page(),
        "benchmark-tables.txt": benchmark_tables(results),
        "study-tables.txt": study_tables(),
        "uncertainty-study.txt": differences_table("uncertainty"),
        "uncertainty-methods.txt": method_tables("methods.json"),
        "uncertainty-harvested.txt": method_tables("harvested.json"),
        **bias_tables(),
        "pair-speed.png": speed_plot(results),
        **machine_tables(results),
        **accuracy_tables(results),
        **settings_pages(),
        **module_pages(),
    }
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, content in pages.items():
        path = folder / name
        data = content.encode() if isinstance(content, str) else content
        if not path.exists() or path.read_bytes() != data:
            path.write_bytes(data)
