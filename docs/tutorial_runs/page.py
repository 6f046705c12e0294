"""The blocks of a tutorial, and what they printed when they were executed."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from pathlib import Path

FOLDER = Path(__file__).resolve().parents[1] / "tutorials"
BLOCK = re.compile(
    r"^```\{run\} (sh|python)\n((?::\w+:[^\n]*\n)*)(.*?)^```$", flags=re.MULTILINE | re.DOTALL
)


@dataclasses.dataclass(frozen=True)
class Block:
    """A block that is executed.

    Attributes:
        language: sh or python.
        source: its text.
        picture: PNG that it leaves, relative to the folder it runs in; empty: none.
    """

    language: str
    source: str
    picture: str = ""


@dataclasses.dataclass(frozen=True)
class Page:
    """A tutorial.

    Attributes:
        name: of its file, without suffix.
        blocks: in order.
    """

    name: str
    blocks: tuple[Block, ...]

    @property
    def digest(self) -> str:
        """Digest of all blocks; the text between them does not count."""
        text = json.dumps([dataclasses.astuple(block) for block in self.blocks])
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def record(self) -> Path:
        """File of the outputs."""
        return FOLDER / "results" / f"{self.name}.json"

    def picture(self, number: int) -> Path:
        """Stored picture of a block."""
        return FOLDER / "results" / f"{self.name}-{number}.png"


@dataclasses.dataclass(frozen=True)
class StoredRun:
    """What an execution left.

    Attributes:
        digest: of the blocks that were executed.
        seconds: wall time of all of them.
        version: of ipip, with its commit.
        processor: that it ran on.
        outputs: what each block printed.
    """

    digest: str
    seconds: float
    version: str
    processor: str
    outputs: tuple[str, ...]

    def write(self, path: Path) -> None:
        """Write it as JSON."""
        path.parent.mkdir(exist_ok=True)
        text = json.dumps(dataclasses.asdict(self), indent=1, ensure_ascii=False)
        path.write_text(text + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> StoredRun:
        """Read what `write` wrote."""
        values = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{**values, "outputs": tuple(values["outputs"])})


def read_page(path: Path) -> Page:
    """Return the blocks of a page.

    Args:
        path: of the Markdown file.
    """
    blocks = []
    for language, options, source in BLOCK.findall(path.read_text(encoding="utf-8")):
        picture = re.search(r"^:picture: (.*)$", options, flags=re.MULTILINE)
        blocks.append(Block(language, source, picture.group(1).strip() if picture else ""))
    return Page(path.stem, tuple(blocks))


def why_stale(page: Page) -> str:
    """Say why the stored outputs of a page are not its own; empty: they are."""
    if not page.record.exists():
        return "it was not executed yet"
    stored = StoredRun.read(page.record)
    if stored.digest != page.digest:
        return "its blocks changed since they were executed"
    missing = [
        n for n, block in enumerate(page.blocks) if block.picture and not page.picture(n).exists()
    ]
    return f"the picture {page.picture(missing[0]).name} is missing" if missing else ""
