"""Pages that list other pages of the reference."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def overview(
    title: str,
    text: Sequence[str],
    columns: Sequence[str],
    rows: Iterable[str],
    pages: Iterable[str],
) -> str:
    """Return a page with a table of pages, which stand below it in the site's tree.

    Args:
        title: of the page.
        text: lines before the table.
        columns: heads of the table.
        rows: of the table, as Markdown.
        pages: names of the listed pages, in their order.
    """
    return "\n".join(
        [
            f"# {title}",
            "",
            *text,
            "",
            f"| {' | '.join(columns)} |",
            f"|{' --- |' * len(columns)}",
            *rows,
            "",
            "```{toctree}",
            ":hidden:",
            "",
            *pages,
            "```",
            "",
        ]
    )
