"""A run folder of another version is recognised, refused in one sentence, and left unchanged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from ipip.cli.main import main
from ipip.config.run import RunSettings
from ipip.errors import InputError
from ipip.loop import (
    collect_garbage,
    read_ledger,
    read_status,
    rewind_run,
    run_loop,
    write_results_again,
)
from ipip.records.folder_format import FORMAT, require_format
from ipip.storage.sealed import read_sealed, sealed_text

# A finished round of the version before typed records, without its frames and students.
PREVIOUS = Path(__file__).parents[1] / "records" / "previous_version"
EARLIER = rf"written by an earlier version of ipip \(format 2, this version reads {FORMAT}\)"


def contents(folder: Path) -> dict[str, bytes | None]:
    """All files and folders with their contents."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


@pytest.fixture
def previous(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PREVIOUS, tmp_path / "run"))


def settings_of(folder: Path) -> RunSettings:
    return RunSettings.model_validate(yaml.safe_load((folder / "config.lock.yaml").read_text()))


USES: dict[str, Callable[[Path], Any]] = {
    "run": lambda run: run_loop(settings_of(run), run, confirm=lambda text: True),
    "status": read_status,
    "report": write_results_again,
    "ledger": read_ledger,
    "rewind": lambda run: rewind_run(run, "round_000/40_finetune"),
    "gc": collect_garbage,
}


@pytest.mark.parametrize("use", USES)
def test_a_folder_of_the_previous_version_is_refused_and_nothing_in_it_is_touched(previous, use):
    before = contents(previous)
    with pytest.raises(InputError, match=EARLIER) as refusal:
        USES[use](previous)
    assert f"ipip run {previous}/config.lock.yaml --dir NEW" in str(refusal.value)
    assert contents(previous) == before


def test_so_it_is_where_the_record_of_its_settings_is_lost(previous):
    settings = settings_of(previous)
    (previous / "config.lock.yaml").unlink()
    before = contents(previous)
    with pytest.raises(InputError, match=EARLIER):
        run_loop(settings, previous, confirm=lambda text: True)
    assert contents(previous) == before


def test_the_command_line_says_so_in_one_sentence_with_the_status_of_wrong_input(previous, capsys):
    assert main(["status", str(previous)]) == 2
    err = capsys.readouterr().err
    assert "earlier version of ipip" in err and err.count("\n") == 1


def test_the_first_format_had_no_digest_of_itself(previous):
    for path in previous.glob("round_*/*/manifest.json"):
        text = path.read_text().replace('"format_version": 2', '"format_version": 1')
        path.write_text(text[: text.rindex('  "seal"')].rstrip().rstrip(",") + "\n}\n")
    with pytest.raises(InputError, match=r"earlier version of ipip \(format 1"):
        require_format(previous)


def test_a_folder_of_a_later_version_is_refused(previous):
    path = previous / "round_000/10_explore/manifest.json"
    path.write_text(sealed_text(read_sealed(path) | {"format_version": FORMAT + 1}))
    with pytest.raises(InputError, match=rf"later version of ipip \(format {FORMAT + 1}.*update"):
        require_format(previous)


def test_a_damaged_number_is_damage_and_no_other_version(copied):
    _, folder = copied
    path = folder / "round_000/10_explore/manifest.json"
    path.write_text(
        path.read_text().replace(f'"format_version": {FORMAT}', f'"format_version": {FORMAT - 1}')
    )
    require_format(folder)
    assert "round_000/10_explore: is damaged" in str(read_status(folder).problem)
