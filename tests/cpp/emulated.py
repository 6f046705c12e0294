"""libipip for 64-bit ARM, cross-compiled, and its programs under an emulator."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

BIN = Path(sys.executable).parent
COMPILER, EMULATOR = "aarch64-linux-gnu-g++", "qemu-aarch64"
LIBRARIES = "/usr/aarch64-linux-gnu"  # where Debian's cross compiler has the C library
PROGRAMS = ("evaluate_graphs", "open_students", "read_dump")


def missing() -> str:
    """Return what is missing to compile and run here, or nothing."""
    if platform.machine() == "aarch64":
        return "this machine is one itself: all other tests show the same"
    absent = [name for name in (COMPILER, EMULATOR) if shutil.which(name) is None]
    packages = "g++-aarch64-linux-gnu qemu-user (Debian's packages)"
    return f"{' and '.join(absent)} not found: install {packages}" if absent else ""


def run(command: Sequence[str | Path]) -> str:
    """Run a step of the build; return its output."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def configure(repository: Path, folder: Path) -> None:
    """Make a build tree whose warnings are errors."""
    toolchain = repository / "cmake" / "aarch64-linux-gnu.cmake"
    command = [BIN / "cmake", "-S", repository, "-B", folder, "-G", "Ninja"]
    command += [f"-DCMAKE_MAKE_PROGRAM={BIN / 'ninja'}", f"-DPython_EXECUTABLE={sys.executable}"]
    command += [f"-DCMAKE_TOOLCHAIN_FILE={toolchain}", "-DIPIP_WERROR=ON"]
    command += ["-DIPIP_BUILD_TORCH=OFF", "-DIPIP_BUILD_PYTHON=OFF", "-DIPIP_BUILD_CHECKS=ON"]
    run(command)


def build(folder: Path, *targets: str) -> str:
    """Build some targets."""
    return run([BIN / "cmake", "--build", folder, "--target", *targets])


@dataclass
class Graph:
    """Atoms and pairs as a rank has them; `owners` of its halo rows."""

    species: np.ndarray
    edge_index: np.ndarray
    edge_vec: np.ndarray
    n_local: int
    owners: Sequence[int] = ()

    def words(self) -> str:
        """Return it as evaluate_graphs takes it."""
        sizes = [self.n_local, len(self.species), len(self.edge_vec), len(self.owners)]
        integers = [sizes, self.species, *self.edge_index]
        lines = [" ".join(str(int(value)) for value in line) for line in integers]
        vectors = " ".join(repr(float(value)) for value in np.ravel(self.edge_vec))
        return "\n".join([*lines, vectors, " ".join(map(str, self.owners))]) + "\n"


@dataclass
class Emulated:
    """The programs of a build for another processor."""

    folder: Path

    def text_of(self, program: str, *arguments: str | Path, given: str | bytes = "") -> str:
        """Run a program; return its output, or its error on wrong input."""
        bytes_in = given.encode() if isinstance(given, str) else given
        done = subprocess.run(
            [EMULATOR, "-L", LIBRARIES, self.folder / "cpp" / "checks" / program, *arguments],
            input=bytes_in,
            capture_output=True,
            check=False,
            env=os.environ | {"OMP_WAIT_POLICY": "passive"},
        )
        assert done.returncode in (0, 1), (done.returncode, done.stderr)
        said = done.stdout if done.returncode == 0 else done.stdout + done.stderr
        return said.decode(errors="surrogateescape")

    def evaluate(
        self,
        student: Path,
        graphs: Sequence[Graph],
        instruction_set: str = "auto",
        threads: int = 1,
        most_tabulated_pairs: float = -1.0,
        lone_pairs: bool = True,
    ) -> tuple[str, list[dict[str, Any]]]:
        """Evaluate graphs by the kernels; return the backend, and results as `_core` has them."""
        options = [instruction_set, str(threads), repr(most_tabulated_pairs), str(int(lone_pairs))]
        given = "".join(graph.words() for graph in graphs)
        lines = self.text_of("evaluate_graphs", student, *options, given=given).splitlines()
        backend = lines[0].removeprefix("backend ")
        results: list[dict[str, Any]] = []
        for line in lines[1:]:
            name, *words = line.split(" ")
            if name == "energy":
                results.append({})
            results[-1][name] = np.array([float(word) for word in words])
        for result in results:
            result["energy"] = float(result["energy"][0])
            for name, shape in (("forces", (3,)), ("virial", (3, 3)), ("atom_virials", (3, 3))):
                result[name] = result[name].reshape((-1, *shape) if name != "virial" else shape)
        assert len(results) == len(graphs), lines[-1]
        return backend, results
