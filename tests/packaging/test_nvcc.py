"""The kernels for GPUs are built by CUDA's compiler from PyPI where there is no other."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
PROGRAM = """
#include <cuda_runtime.h>
__global__ void add_one(float* x) { x[threadIdx.x] += 1.0F; }
extern "C" int gpus() {
  int n = 0;
  return cudaGetDeviceCount(&n) == cudaSuccess ? n : 0;
}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with only the packages of the extra `nvcc`."""
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = extras["optional-dependencies"]["nvcc"]
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
    done = subprocess.run(
        [*command, "--no-warn-conflicts", "--target", str(folder), *needed],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        pytest.skip(f"pip cannot fetch {' and '.join(needed)}: {done.stderr.strip()[-200:]}")
    return folder


@pytest.fixture(scope="module")
def environment(site: Path) -> dict[str, str]:
    """The environment of a builder whose only nvcc is PyPI's; CMake itself is elsewhere."""
    folders = [f for f in ("/usr/bin", "/bin") if not (Path(f) / "nvcc").exists()]
    return {"PATH": ":".join(folders), "PYTHONPATH": str(site), "HOME": os.environ["HOME"]}


@pytest.mark.slow
def test_the_extra_installs_a_compiler_and_no_torch(site: Path) -> None:
    assert (site / "nvidia").is_dir()
    assert not (site / "torch").exists()


@pytest.mark.slow
def test_cmake_finds_the_compiler_of_the_package(
    environment: dict[str, str], site: Path, tmp_path: Path
) -> None:
    switched_off = [f"-DIPIP_BUILD_{part}=OFF" for part in ("PYTHON", "PLUGIN", "TORCH")]
    done = subprocess.run(
        [BIN / "cmake", "-S", ROOT, "-B", tmp_path, "-G", "Ninja", "-DIPIP_CUDA=ON"]
        + [f"-DCMAKE_MAKE_PROGRAM={BIN / 'ninja'}", f"-DPython_EXECUTABLE={sys.executable}"]
        + switched_off,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    cache = (tmp_path / "CMakeCache.txt").read_text().splitlines()
    (found,) = (line.split("=", 1)[1] for line in cache if line.startswith("IPIP_NVCC:"))
    assert Path(found).is_relative_to(site)
    assert "libipip_cuda.so" in (tmp_path / "build.ninja").read_text()


@pytest.mark.slow
def test_it_compiles_and_links_with_the_static_runtime(
    environment: dict[str, str], site: Path, tmp_path: Path
) -> None:
    (nvcc,) = site.glob("nvidia/cu*/bin/nvcc")
    (tmp_path / "program.cu").write_text(PROGRAM)
    flags = ["-std=c++20", "-gencode=arch=compute_90,code=sm_90", "--cudart=static", "--shared"]
    done = subprocess.run(
        [nvcc, *flags, "-Xcompiler", "-fPIC", "program.cu", "-o", "program.so"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    needed = subprocess.run(
        ["ldd", tmp_path / "program.so"], capture_output=True, text=True, check=True
    ).stdout
    assert "libcudart" not in needed
