"""Output on terminals that lack characters."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ipip.cli.plain_text import plain_character, plain_output

IPIP = [sys.executable, "-c", "from ipip.cli.main import main; raise SystemExit(main())"]
ASCII = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "TERM": "dumb"}


def run(folder: Path, *arguments: str | bytes, **env: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*IPIP, *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1", **env},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("text", "ascii_text", "latin"),
    [
        ("0.4 eV/Å", b"0.4 eV/A", b"0.4 eV/\xc5"),
        ("µs → 3×10³ ± 2", b"us -> 3x103 +- 2", b"\xb5s -> 3\xd710\xb3 \xb1 2"),
        ("läuft \U0001f600", b"lauft ?", b"l\xe4uft ?"),
        ("no text: \udcff\udcfe", b"no text: \xff\xfe", b"no text: \xff\xfe"),
    ],
)
def test_what_an_encoding_lacks_is_written_plainly(
    monkeypatch: pytest.MonkeyPatch, text: str, ascii_text: bytes, latin: bytes
) -> None:
    for encoding, expected in (("ascii", ascii_text), ("latin-1", latin)):
        buffer = io.BytesIO()
        monkeypatch.setattr("sys.stdout", io.TextIOWrapper(buffer, encoding, "strict"))
        with plain_output():
            sys.stdout.write(text)
        sys.stdout.flush()
        assert buffer.getvalue() == expected
        with pytest.raises(UnicodeEncodeError):
            sys.stdout.write("\U0001f600")


def test_every_character_of_the_messages_has_a_plain_form(repository: Path) -> None:
    texts = [file.read_text(encoding="utf-8") for file in (repository / "python").rglob("*.py")]
    used = {character for text in texts for character in text if not character.isascii()}
    shown = used - set("⟨⟩Π")  # in docstrings only
    assert {character for character in shown if plain_character(character) == "?"} == set()


def test_a_terminal_of_ascii_gets_the_message(tmp_path: Path) -> None:
    (tmp_path / "läuft.yaml").touch()
    done = run(tmp_path, "init", "läuft.yaml", **ASCII)
    assert done.returncode == 2
    assert done.stderr.startswith(b"ipip: lauft.yaml")


@pytest.mark.parametrize("name", ["läuft.yaml".encode(), b"\xff\xfe.yaml"])
def test_files_are_utf_8_where_names_and_terminal_are_not(tmp_path: Path, name: bytes) -> None:
    strict = {"LC_ALL": "C", "PYTHONUTF8": "0"}
    done = run(tmp_path, "init", name, **strict)
    assert done.returncode == 0, done.stderr
    (written,) = os.listdir(os.fsencode(tmp_path))
    assert written == name
    assert "Å" in (tmp_path / os.fsdecode(name)).read_text(encoding="utf-8")
