"""The compiled part reports that it is of another build than the Python files."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ipip import native
from ipip.errors import IpipError
from ipip.installation import rebuild_hint
from ipip.plugin import PLUGIN_FILE, plugin_folder

REBUILD = rebuild_hint()


def run(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_module_and_plugin_are_of_the_build_of_the_python_files() -> None:
    stub = Path(native.__file__).with_name("_core.pyi").read_bytes()
    assert native.core.built_for() == native.expected_build()
    assert native.expected_build() == hashlib.sha256(stub).hexdigest()[:12]
    native.check_plugin()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "_core.built_for = lambda: '0123456789ab'",
            "another build (0123456789ab)",
        ),
        ("del _core.built_for", "another build (an older one)"),
    ],
)
def test_a_module_of_another_build_ends_a_command_with_one_sentence(change: str, said: str) -> None:
    done = run(
        f"import sys, torch; from ipip import _core\n{change}\n"
        "sys.argv[1:] = ['info', 'student.pt']; from ipip.cli.main import main; sys.exit(main())"
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("ipip: ipip's compiled module is of " + said)
    assert REBUILD in line


def test_a_module_that_cannot_be_loaded_is_reported_in_one_sentence() -> None:
    done = run(
        "import sys; sys.modules['ipip._core'] = None\n"
        "from ipip.errors import IpipError\n"
        "try:\n    import ipip.native\nexcept IpipError as error:\n    print(error)"
    )
    assert "the compiled part of ipip cannot be loaded (" in done.stdout, done.stderr
    assert REBUILD in done.stdout


def test_a_plugin_of_another_build_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(Path(plugin_folder()) / PLUGIN_FILE, tmp_path)
    plugin = tmp_path / PLUGIN_FILE
    built = native.core.built_for().encode()
    assert plugin.read_bytes().count(built) == 1
    plugin.write_bytes(plugin.read_bytes().replace(built, b"0123456789ab"))
    monkeypatch.setattr(native, "plugin_folder", lambda: str(tmp_path))
    with pytest.raises(IpipError) as caught:
        native.check_plugin()
    assert "plugin (pair_style ipip) is of another build (0123456789ab)" in str(caught.value)
    assert REBUILD in str(caught.value)
