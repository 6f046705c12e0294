"""`ipip init`: a commented settings file to begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def init(
    file: Annotated[Path, typer.Argument(help="Settings file to write.")] = Path("ipip.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
) -> None:
    """Write a commented settings file: every key, unit and default, for Mo3O9 in S2."""
    import shlex

    from ipip.config.quick import write_quick_template
    from ipip.errors import InputError

    if file.exists() and not force:
        raise InputError(
            f"{file}: exists already; choose another name, or overwrite it with --force"
        )
    if not file.resolve().parent.is_dir():
        raise InputError(
            f"{file}: the folder {file.resolve().parent} does not exist; make it first"
        )
    write_quick_template(file)
    name = shlex.quote(str(file))
    typer.echo(
        f"wrote {file}: put your labels under `reference`, your teacher under `teacher` and your "
        f"boxes under `systems`, then `ipip validate {name}` and `ipip run {name}`"
    )
