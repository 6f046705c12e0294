"""`ipip init --schema`, the version with its commit, and completion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import pytest

import ipip
from ipip import _core, commit
from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings


def test_the_settings_file_names_the_schema_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "my.yaml"
    assert main(["init", str(path), "--example", "--schema"]) == 0
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=my.yaml.schema.json"
    schema = json.loads((tmp_path / "my.yaml.schema.json").read_text(encoding="utf-8"))
    assert schema["additionalProperties"] is False
    assert schema["properties"]["rounds"]["minimum"] == 0
    assert "rounds of iteration" in schema["properties"]["rounds"]["description"]
    assert load_settings(path, RunSettings).elements == ["Mo", "S", "O"]


def test_the_version_is_defined_in_one_place(repository: Path) -> None:
    assert version("ipip") == ipip.__version__ == _core.version()
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["project"]["dynamic"] == ["version"]
    assert ipip.__version__ not in (repository / "CMakeLists.txt").read_text(encoding="utf-8")


def git(folder: Path, *words: str) -> str:
    own = ["-c", "user.name=a", "-c", "user.email=a@b"]
    return subprocess.run(
        ["git", "-C", str(folder), *own, *words], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_checkout_says_its_commit_and_whether_it_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "python" / "ipip"
    package.mkdir(parents=True)
    monkeypatch.setattr(commit, "PACKAGE", package)
    assert commit.commit() == "unknown"
    (package / "commit.txt").write_text("0123456789ab\n")
    assert commit.commit() == "0123456789ab"
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "-m", "x")
    head = git(tmp_path, "rev-parse", "--short=12", "HEAD")
    assert commit.commit() == head
    (package / "commit.txt").write_text("other\n")
    assert commit.commit() == f"{head}+changes"


def test_version_prints_the_commit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"ipip {ipip.__version__} (commit {commit.commit()})\n"


def test_the_shell_completes_verbs_and_options() -> None:
    program = Path(sys.executable).parent / "ipip"
    for words, expected in (("ipip val", "validate"), ("ipip init --sch", "--schema")):
        environment = os.environ | {
            "_IPIP_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(words.count(" ")),
        }
        done = subprocess.run(
            [str(program)], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert expected in done.stdout.split(), done
