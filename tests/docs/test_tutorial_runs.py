"""Tutorials are executed in order, and shown with the outputs of their own blocks only."""

from __future__ import annotations

from pathlib import Path

import pytest
from docs.tutorial_runs import __main__ as program
from docs.tutorial_runs import page as pages
from docs.tutorial_runs.page import StoredRun, read_page, why_stale

TEXT = """# A page

```{run} sh
echo first > here
echo said
```

text with ```{run} sh

```{run} python
:picture: p.png
print(open("here").read())
open("p.png", "wb").write(b"PNG")
```
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(pages, "FOLDER", tmp_path)
    (tmp_path / "page.md").write_text(TEXT)
    return tmp_path


def test_outputs_and_pictures_of_a_page_are_stored_with_its_digest(folder: Path) -> None:
    page = read_page(folder / "page.md")
    assert [block.language for block in page.blocks] == ["sh", "python"]
    assert why_stale(page) == "it was not executed yet"
    program.execute(page, folder / "work")
    stored = StoredRun.read(page.record)
    assert stored.outputs == ("said", "first") and stored.digest == page.digest
    assert page.picture(1).read_bytes() == b"PNG" and not why_stale(page)
    page.picture(1).unlink()
    assert why_stale(page) == "the picture page-1.png is missing"


def test_outputs_of_other_blocks_are_stale_and_other_text_is_not(folder: Path) -> None:
    path = folder / "page.md"
    program.execute(read_page(path), folder / "work")
    path.write_text(TEXT.replace("# A page", "# Another title"))
    assert not why_stale(read_page(path))
    path.write_text(TEXT.replace("echo said", "echo other"))
    assert why_stale(read_page(path)) == "its blocks changed since they were executed"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("echo said", "false"), "block 0 ended with 1"),
        (("p.png", "q.png"), "block 1 left no q.png"),
    ],
)
def test_a_block_that_fails_stores_nothing(
    folder: Path, change: tuple[str, str], said: str
) -> None:
    (folder / "page.md").write_text(TEXT.replace(*change, 1))
    page = read_page(folder / "page.md")
    with pytest.raises(SystemExit, match=said):
        program.execute(page, folder / "work")
    assert not page.record.exists()


def test_long_outputs_lose_their_middle() -> None:
    text = program.shortened("\n".join(f"line {k}  " for k in range(100)))
    assert text.count("\n") == program.MOST_LINES and "... (40 lines)" in text
    assert text.endswith("line 99")


def test_every_tutorial_is_listed_and_has_its_own_outputs() -> None:
    names = program.listed_pages()
    assert {path.stem for path in pages.FOLDER.glob("*.md")} == {*names, "index"}
    found = [read_page(pages.FOLDER / f"{name}.md") for name in names]
    assert not [f"{page.name}: {why}" for page in found if (why := why_stale(page))]
    assert all(any(block.picture for block in page.blocks) for page in found)
