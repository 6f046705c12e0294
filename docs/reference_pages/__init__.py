"""Pages of the reference that are written from the code, so that they cannot differ from it."""

from __future__ import annotations

from pathlib import Path

from docs.reference_pages.commands import commands_page
from docs.reference_pages.figures import benchmark_tables, study_tables
from docs.reference_pages.headers import headers_page
from docs.reference_pages.modules import module_pages
from docs.reference_pages.settings import settings_pages

__all__ = ["write_reference"]


def write_reference(folder: Path) -> None:
    """Write all pages into a folder; a page that is as before keeps its time.

    Raises:
        UndocumentedError: a key, verb, option, name or declaration has no sentence.
    """
    pages = {
        "commands.md": commands_page(),
        "cpp.md": headers_page(),
        "benchmark-tables.txt": benchmark_tables(),
        "study-tables.txt": study_tables(),
        **settings_pages(),
        **module_pages(),
    }
    folder.mkdir(exist_ok=True)
    for path in folder.iterdir():
        if path.name not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
