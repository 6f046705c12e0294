"""Hints that fit how ipip was installed, read from the records that pip leaves."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from ipip.installation import install_command, rebuild_hint, source_folder

METADATA = """Metadata-Version: 2.1
Name: ipip
Version: 9.8.7
Requires-Dist: numpy
Requires-Dist: mace-torch>=0.3.16; extra == 'mace'
Requires-Dist: pytest>=8; extra == "dev"
"""
SCRIPT = """
import json
from ipip.installation import install_command, rebuild_hint
print(json.dumps([install_command(extra="mace"), install_command("packmol"), rebuild_hint()]))
"""


def hints(tmp_path: Path, repository: Path, record: dict[str, Any] | None) -> list[str]:
    """The hint of an ipip that pip has installed as in this record."""
    place = tmp_path / "site" / "ipip-9.8.7.dist-info"
    place.mkdir(parents=True)
    (place / "METADATA").write_text(METADATA)
    if record is not None:
        (place / "direct_url.json").write_text(json.dumps(record))
    path = f"{place.parent}:{repository / 'python'}"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("editable", [True, False])
def test_a_checkout_s_constraints_are_kept(
    tmp_path: Path, repository: Path, editable: bool
) -> None:
    folder = tmp_path / "my ipip"
    folder.mkdir()
    (folder / "constraints.txt").touch()
    record = {"url": folder.as_uri(), "dir_info": {"editable": editable}}
    extra, package, again = hints(tmp_path, repository, record)
    start = [sys.executable, "-m", "pip", "install", "-c", str(folder / "constraints.txt")]
    assert shlex.split(extra) == [*start, "mace-torch>=0.3.16"]
    assert shlex.split(package) == [*start, "packmol"]
    assert again.startswith("run `make setup`") and again.endswith(f", in {folder}")
    assert ("-e" in shlex.split(again.split("`")[3])) == editable


@pytest.mark.parametrize(
    "record",
    [
        None,  # from an index
        {"url": "file:///tmp/ipip-9.8.7-py3-none-any.whl", "archive_info": {}},
        {"url": "file:///no/such/folder", "dir_info": {}},
    ],
)
def test_a_wheel_has_no_constraints(
    tmp_path: Path, repository: Path, record: dict[str, Any] | None
) -> None:
    extra, package, again = hints(tmp_path, repository, record)
    assert shlex.split(extra) == [sys.executable, "-m", "pip", "install", "mace-torch>=0.3.16"]
    assert shlex.split(package) == [sys.executable, "-m", "pip", "install", "packmol"]
    assert "ipip==9.8.7" in again and "make setup" not in again


@pytest.mark.parametrize("wanted", ["numpy", "ipip[train]"])
def test_the_hint_of_this_installation_is_valid_for_pip(wanted: str) -> None:
    words = shlex.split(install_command(wanted))
    done = subprocess.run(
        [*words, "--dry-run", "--no-index", "--quiet"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    folder = source_folder()
    assert folder is None or str(folder) in rebuild_hint()
