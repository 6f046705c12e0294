"""Execute tutorials and store their outputs: python -m docs.tutorial_runs [NAME ...].

Pages run in the order of their list in docs/tutorials/index.md, all in one folder, so that later
ones find the students of earlier ones. A page whose stored outputs are its own is left out unless
it is named.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.results import this_machine
from docs.tutorial_runs.page import FOLDER, Page, StoredRun, read_page, why_stale

from ipip import __version__
from ipip.commit import commit

REPOSITORY = FOLDER.parents[1]
MOST_LINES = 60


def main() -> int:
    """Execute what is named, or what is stale."""
    parser = argparse.ArgumentParser(prog="python -m docs.tutorial_runs", description=__doc__)
    parser.add_argument("names", nargs="*", help="pages; none: those whose outputs are stale")
    parser.add_argument("--work", type=Path, default=REPOSITORY / "runs" / "tutorials")
    given = parser.parse_args()
    for name in listed_pages():
        page = read_page(FOLDER / f"{name}.md")
        if name in given.names or (not given.names and why_stale(page)):
            print(f"executing {name}", flush=True)
            execute(page, given.work.resolve())
    return 0


def listed_pages() -> list[str]:
    """Return the names of the tutorials, in their order."""
    text = (FOLDER / "index.md").read_text(encoding="utf-8")
    return re.findall(r"^([\w-]+)$", text.split("```{toctree}")[1].split("```")[0], flags=re.M)


def execute(page: Page, work: Path) -> None:
    """Execute the blocks of a page one after another, and store what they print.

    Raises:
        SystemExit: a block ended with another status than 0; nothing is stored.
    """
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "examples").exists():
        (work / "examples").symlink_to(REPOSITORY / "examples")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": programs, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}
    outputs, pictures = [], {}
    begun = time.monotonic()
    for number, block in enumerate(page.blocks):
        words = {"sh": ["bash", "-e", "-c"], "python": [sys.executable, "-c"]}[block.language]
        done = subprocess.run(
            [*words, block.source],
            cwd=work,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{page.name}: block {number} ended with {done.returncode}\n{done.stdout}")
        outputs.append(shortened(done.stdout.replace(f"{work}/", "")))
        if block.picture:
            pictures[number] = work / block.picture
            if not pictures[number].exists():
                sys.exit(f"{page.name}: block {number} left no {block.picture}")
    for number, path in pictures.items():
        page.picture(number).parent.mkdir(exist_ok=True)
        shutil.copyfile(path, page.picture(number))
    StoredRun(
        digest=page.digest,
        seconds=round(time.monotonic() - begun, 1),
        version=f"{__version__} ({commit()})",
        processor=this_machine().processor,
        outputs=tuple(outputs),
    ).write(page.record)


def shortened(text: str) -> str:
    """Return a text without the middle of what is too long for a page."""
    lines = [line.rstrip() for line in text.rstrip().splitlines()]
    if len(lines) > MOST_LINES:
        half = MOST_LINES // 2
        lines = [*lines[:half], f"... ({len(lines) - 2 * half} lines)", *lines[-half:]]
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
