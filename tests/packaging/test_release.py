"""The parts of a release: the source package, and the settings of cibuildwheel."""

from __future__ import annotations

import re
import sys
import tarfile
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.packaging.conftest import BIN, run


@pytest.fixture(scope="module")
def settings(repository: Path) -> dict:
    return tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def sources(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The unpacked source package."""
    folder = tmp_path_factory.mktemp("sdist")
    build = [sys.executable, "-m", "build", "--sdist", "--no-isolation", "--skip-dependency-check"]
    run(*build, "--outdir", folder, repository)
    (package,) = folder.glob("ipip-*.tar.gz")
    with tarfile.open(package) as archive:
        archive.extractall(folder, filter="data")
    return folder / package.name.removesuffix(".tar.gz")


def test_the_source_package_holds_all_that_is_compiled_and_installed(
    repository: Path, sources: Path
) -> None:
    folders = ("cpp", "lammps-plugin", "cmake", "python", "wheels")
    tracked = run("git", "-C", repository, "ls-files", *folders).split("\n")
    names = [name for name in tracked if name] + ["CMakeLists.txt", "LICENSE", "constraints.txt"]
    assert len(names) > 400
    for name in names:
        if (repository / name).exists():
            assert (sources / name).read_bytes() == (repository / name).read_bytes(), name
    assert not (sources / "build").exists()


def test_cmake_is_content_with_the_source_package(sources: Path, tmp_path: Path) -> None:
    """Every file that is named there exists; `make sdist` compiles it too."""
    tools = [f"-DCMAKE_MAKE_PROGRAM={BIN / 'ninja'}", f"-DPython_EXECUTABLE={sys.executable}"]
    bundle = "-DIPIP_BUNDLE_OPENMP=ON"
    run(BIN / "cmake", "-S", sources, "-B", tmp_path, "-G", "Ninja", bundle, *tools)


def test_a_release_has_a_wheel_for_each_python_that_is_supported(
    repository: Path, settings: dict
) -> None:
    lines = run(
        BIN / "cibuildwheel", "--platform", "linux", "--print-build-identifiers", repository
    ).split()
    assert lines == [f"cp3{minor}-manylinux_x86_64" for minor in (11, 12, 13, 14)]
    assert settings["project"]["requires-python"] == ">=3.11"


def test_its_settings_name_options_of_cmake_and_torches_that_ipip_allows(
    repository: Path, settings: dict
) -> None:
    cmake = (repository / "CMakeLists.txt").read_text(encoding="utf-8")
    for name in settings["tool"]["cibuildwheel"]["config-settings"]:
        assert re.search(rf"(option|set)\({name.removeprefix('cmake.define.')} ", cmake), name
    fetch = settings["tool"]["cibuildwheel"]["before-build"][-1]
    versions = re.findall(r"\d+\.\d+\.\d+", fetch)
    train = settings["project"]["optional-dependencies"]["train"]
    (torch,) = [one for one in map(Requirement, train) if one.name == "torch"]
    assert len(versions) == 2 and all(version in torch.specifier for version in versions)
    pinned = (repository / "constraints.txt").read_text(encoding="utf-8")
    assert pinned.splitlines()[0] == f"torch=={versions[0]}"


def test_requirements_of_a_build_are_stated_alike(repository: Path, settings: dict) -> None:
    listed = (repository / "wheels/build-requirements.txt").read_text(encoding="utf-8")
    project = settings["project"]
    known = {
        (one := Requirement(text)).name: one
        for text in project["dependencies"] + project["optional-dependencies"]["dev"]
    }
    for line in listed.splitlines():
        if line.startswith("#"):
            continue
        listed_one = Requirement(line)
        known_one = known[listed_one.name]
        assert known_one.extras == listed_one.extras
        if listed_one.name == "lammps":  # one of the releases that a build from the sources accepts
            (only,) = listed_one.specifier
            assert only.operator == "==" and only.version.removesuffix(".*") in known_one.specifier
        else:
            assert known_one == listed_one
