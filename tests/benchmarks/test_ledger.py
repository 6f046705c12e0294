"""The two ways to keep a run's sets hold the same frames, and the benchmark counts all files."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.ledger.__main__ import main
from benchmarks.ledger.copies import measure_copies
from benchmarks.ledger.frames import Size
from benchmarks.ledger.index import INDEX, _open, measure_index

from ipip.data import frames_digest, read_frames


def test_an_index_and_copies_hold_the_same_frames(tmp_path: Path) -> None:
    size = Size(frames=140, rounds=2, atoms=13, harvest=20)
    copies = measure_copies(size, tmp_path / "copies")
    index = measure_index(size, tmp_path / "index")
    last = read_frames(tmp_path / "copies" / "set.xyz")
    mine = _open(tmp_path / "index", 2)
    assert frames_digest(mine) == frames_digest(last)
    assert [frame.info for frame in mine] == [frame.info for frame in last]
    assert len(list((tmp_path / "index").rglob(INDEX))) == 3
    assert copies["bytes"] > 3 * (tmp_path / "copies" / "set.xyz").stat().st_size
    assert index["bytes"] == sum(
        path.stat().st_size for path in (tmp_path / "index").rglob("*") if path.is_file()
    )


def test_it_prints_a_table_and_writes_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["--frames", "120", "--rounds", "1", "--harvest", "20", "--share", "1", "--atoms", "13",
          "--out", str(tmp_path)])  # fmt: skip
    cases = json.loads((tmp_path / "results.json").read_text())["cases"]
    assert len(cases) == 2 and all(case["bytes"] > 0 for case in cases.values())
    assert "forget (s)" in capsys.readouterr().out
