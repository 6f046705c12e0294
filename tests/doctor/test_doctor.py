"""`ipip doctor` reports what works, with a remedy for what does not."""

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ipip.cli.main import main
from ipip.doctor import compiled, machine, mpi, packages
from ipip.doctor.compiled import check_compiled_parts
from ipip.doctor.decks import check_decks
from ipip.doctor.machine import check_machine
from ipip.doctor.mpi import check_mpi, mpi_kind
from ipip.installation import install_command
from ipip.plugin import native_folder

COMMAND = "import sys; from ipip.cli.main import main; sys.exit(main())"
OPEN_MPI = 'echo "mpirun (Open MPI) 4.1.4"'


def a_program(folder: Path, name: str, script: str) -> Path:
    """Write an executable shell script."""
    file = folder / name
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return file


def test_a_working_installation_runs_a_deck_on_one_rank_and_on_two(capsys, monkeypatch):
    own = Path(sys.executable).parent
    monkeypatch.setenv("PATH", f"{own}{os.pathsep}{os.environ['PATH']}")
    assert main(["doctor", "--json"]) == 0
    findings = {finding["name"]: finding for finding in json.loads(capsys.readouterr().out)}
    assert findings["deck, 1 rank"]["state"] == "good"
    assert "2025" in findings["deck, 1 rank"]["value"]
    assert findings["deck, 2 ranks"] == {
        "name": "deck, 2 ranks",
        "state": "good",
        "value": "one run on two ranks",
        "remedy": "",
    }
    assert findings["mpirun"]["value"].startswith("MPICH")
    for finding in findings.values():
        assert (finding["state"] == "good") or finding["remedy"]


def test_a_torch_that_cannot_be_loaded_is_a_fault_among_the_other_lines(tmp_path):
    (tmp_path / "torch.py").write_text('raise ImportError("libtorch_cpu.so: cannot open")\n')
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"  # another MPI may be first
    environment = os.environ | {"PYTHONPATH": str(tmp_path), "PATH": path}
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "doctor", "--json"],
        env=environment,
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert findings["compiled module"]["state"] == findings["deck, 2 ranks"]["state"] == "good"
    assert findings["PyTorch part"]["state"] == "fault"
    assert "libtorch_cpu.so" in findings["PyTorch part"]["value"]
    assert {"python", "mpirun", "processor", "disk"} <= set(findings)


def test_the_mpirun_of_another_mpi_is_a_fault_that_names_the_right_one(tmp_path, monkeypatch):
    a_program(tmp_path, "mpirun", OPEN_MPI)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    (finding,) = check_mpi(tmp_path)
    assert finding.state == "fault"
    assert "Open MPI" in finding.value and str(tmp_path / "mpirun") in finding.value
    assert f"export PATH={Path(sys.executable).parent}:$PATH" in finding.remedy


def test_a_deck_that_another_mpi_refuses_is_a_fault_with_the_reason_of_that_mpi(
    tmp_path, monkeypatch
):
    frame = "-" * 74
    reason = "mpirun has detected an attempt to run as root."
    a_program(
        tmp_path, "mpirun", f'printf -- "{frame}\\n{reason}\\n\\nDo not.\\n{frame}\\n"; exit 1'
    )
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    finding = check_decks(tmp_path)[-1]
    assert (finding.name, finding.state) == ("deck, 2 ranks", "fault")
    assert finding.value == reason


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("HYDRA build details:\n    Version: 5.0.2", "MPICH"),
        ("mpirun (Open MPI) 4.1.4\n", "Open MPI"),
        ("prterun (PRTE) 3.0.2", "Open MPI"),
        ("Intel(R) MPI Library for Linux* OS, Version 2021.9", "Intel MPI"),
        ("something else", "unknown MPI"),
    ],
)
def test_the_kind_of_an_mpi_is_read_from_what_its_mpirun_prints(text, kind):
    assert mpi_kind(text) == kind


def test_an_mpirun_that_hangs_is_not_waited_for(tmp_path, monkeypatch):
    a_program(tmp_path, "mpirun", "sleep 60")
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    original = mpi.try_command
    monkeypatch.setattr(mpi, "try_command", lambda c, limit: original(c, limit=0.5))
    (finding,) = check_mpi(tmp_path)
    assert finding.state == "fault" and "unknown MPI" in finding.value


def test_a_missing_package_is_a_fault_with_the_command_that_installs_it(tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "PACKAGES", ("numpy", "no-such-package"))
    finding = packages.check_packages(tmp_path)[-2]
    assert finding.state == "fault"
    assert finding.remedy == f"install them: {install_command('no-such-package')}"


def test_the_torch_part_that_fits_is_named(tmp_path, monkeypatch):
    found = {finding.name: finding for finding in check_compiled_parts(tmp_path)}["PyTorch part"]
    version = torch.__version__.partition("+")[0]
    minor = ".".join(version.split(".")[:2])
    assert found.state == "good"
    assert found.value == f"built for torch {minor}; the part for {minor} fits torch {version}"


def test_without_torch_the_parts_are_listed(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "find_spec", lambda name: None)
    found = {finding.name: finding for finding in check_compiled_parts(tmp_path)}["PyTorch part"]
    minor = ".".join(torch.__version__.split(".")[:2])
    assert found.state == "good"
    assert found.value == f"built for torch {minor}, of which none is installed"


def test_a_torch_that_no_part_fits_is_a_fault_with_two_ways_out(tmp_path, monkeypatch):
    refusal = "raise ImportError('libtorch 2.12.1 is loaded, but ipip was built for torch 2.13')"
    monkeypatch.setattr(compiled, "_TORCH", refusal)
    found = {finding.name: finding for finding in check_compiled_parts(tmp_path)}["PyTorch part"]
    assert found.state == "fault" and "libtorch 2.12.1 is loaded" in found.value
    minor = ".".join(torch.__version__.split(".")[:2])
    assert f"'torch=={minor}.*'" in found.remedy and "make setup" in found.remedy


def test_a_compiled_part_of_another_build_is_a_fault(tmp_path, monkeypatch):
    monkeypatch.setattr("ipip.doctor.compiled.plugin_folder", lambda: str(tmp_path))
    findings = {finding.name: finding for finding in check_compiled_parts(tmp_path)}
    assert findings["compiled module"].state == "good"
    assert findings["LAMMPS plugin"].state == "fault"
    assert "make setup" in findings["LAMMPS plugin"].remedy


def test_gpus_are_the_ones_that_the_driver_lists(tmp_path, monkeypatch):
    a_program(tmp_path, "nvidia-smi", 'echo "NVIDIA H200, 143771 MiB, 580.65, 9.0"')
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    gpu = check_machine(tmp_path)[1]
    assert gpu.value == "NVIDIA H200, 143771 MiB, 580.65, 9.0"
    a_program(tmp_path, "nvidia-smi", 'echo "driver not loaded"; exit 9')
    gpu = check_machine(tmp_path)[1]
    assert gpu.state == "note" and "driver not loaded" in gpu.value


def test_kernels_for_gpus_are_tried_where_the_driver_lists_one(tmp_path, monkeypatch):
    if not (native_folder() / machine.GPU_PART).is_file():
        pytest.skip("no nvcc was found when this ipip was built")
    if shutil.which("nvidia-smi") is None:
        assert check_machine(tmp_path)[-1].value == "built; there is no GPU to try them on"
        a_program(tmp_path, "nvidia-smi", 'echo "NVIDIA H200, 143771 MiB, 580.65, 9.0"')
        monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
        kernels = check_machine(tmp_path)[-1]
        assert kernels.state == "note" and kernels.value.startswith("device is cuda:0, but")
    else:
        assert check_machine(tmp_path)[-1].state == "good"


def test_the_processors_instruction_set_is_the_one_that_the_kernels_take(tmp_path):
    from ipip.export import load_core_student, save_student
    from ipip.models import build_student

    save_student(build_student("painn", ["O"], channels=16, layers=1), tmp_path / "s.pt")
    kernels = load_core_student(tmp_path / "s.pt", "kernels", 1).backend
    processor = check_machine(tmp_path)[0].value
    assert processor.rpartition("kernels in ")[2] in kernels


def test_processors_of_64_bit_arm_have_separate_kernels(tmp_path, monkeypatch):
    (tmp_path / "cpuinfo").write_text(
        "processor\t: 0\nBogoMIPS\t: 2000.00\nFeatures\t: fp asimd aes atomics sve\n"
        "CPU implementer\t: 0x41\nCPU part\t: 0xd4f\n"
    )
    monkeypatch.setattr(machine, "CPU_FILE", tmp_path / "cpuinfo")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    processor = check_machine(tmp_path)[0]
    assert processor.state == "good"
    assert processor.value.startswith("aarch64, ")
    assert processor.value.endswith("kernels in neon")
