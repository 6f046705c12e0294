"""Keywords and repeated commands."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ipip import _core
from tests.pair_style.conftest import Run, a_gas, header, values, write_start

Models = Callable[..., Path]
Lammps = Callable[..., Run]


def test_the_log_says_once_which_student_runs(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    run = lammps(header(write_start(tmp_path, a_gas())) + "run 0\nrun 0\n")
    assert run.status == 0, run.output
    lines = [line for line in run.output.splitlines() if line.startswith("ipip student")]
    assert len(lines) == 1
    assert "float64.pt: painn for Mo S O, cutoff 5 A, float64, weights sha256:" in lines[0]


def test_the_log_says_where_the_program_in_a_file_runs(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    said = {}
    for backend in ("auto", "torchscript"):
        pair = f"pair_style ipip backend {backend}\npair_coeff * * float64.pt O Mo S"
        said[backend] = lammps(header(box, pair=pair) + "run 0\n").output
    notice = "float64.pt: use it only with files from people you trust"
    assert notice in said["torchscript"] and notice not in said["auto"]


def test_the_old_name_of_the_kernels_is_understood(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box, outputs = write_start(tmp_path, a_gas()), []
    for backend in ("kernels", "fused"):
        pair = f"pair_style ipip backend {backend}\npair_coeff * * float64.pt O Mo S"
        outputs.append(lammps(header(box, pair=pair) + "run 0\n").output)
    said = [[line for line in output.splitlines() if "; kernels, " in line] for output in outputs]
    assert said[0] == said[1] and len(said[0]) == 1


def test_a_student_without_kernels_runs_only_where_its_program_may(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models(architecture="visnet", attention_heads=2)
    run = lammps(header(write_start(tmp_path, a_gas())) + "run 0\n", ranks=2)
    assert run.status != 0
    assert "choose it if you trust whoever made the file" in run.errors


@pytest.mark.parametrize("keywords", ["threads 2", "backend torchscript device cpu"])
def test_keywords_do_not_change_the_result(
    models: Models, lammps: Lammps, tmp_path: Path, keywords: str
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    energy, _ = values(lammps, header(box))
    pair = f"pair_style ipip {keywords}\npair_coeff * * float64.pt O Mo S"
    other, _ = values(lammps, header(box, pair=pair))
    assert other == pytest.approx(energy, rel=1e-12)


def test_another_student_may_follow(models: Models, lammps: Lammps, tmp_path: Path) -> None:
    models("float32")
    models()
    box = write_start(tmp_path, a_gas())
    energy, _ = values(lammps, header(box))
    first = "pair_style ipip\npair_coeff * * float32.pt O Mo S"
    second = "\nrun 0\npair_style ipip\npair_coeff * * float64.pt O Mo S"
    other, _ = values(lammps, header(box, pair=first + second))
    assert other == pytest.approx(energy, rel=1e-13)


def test_new_settings_require_a_new_pair_coeff(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    deck = header(write_start(tmp_path, a_gas())) + "run 0\npair_style ipip threads 2\nrun 0\n"
    run = lammps(deck)
    assert run.status != 0
    assert "pair coeffs are not set" in run.errors


def test_a_restart_requires_the_commands_again(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    box = write_start(tmp_path, a_gas())
    energy, _ = values(lammps, header(box) + "write_restart saved\n")
    commands = "pair_style ipip\npair_coeff * * float64.pt O Mo S\n"
    again, _ = values(lammps, "units metal\nread_restart saved\n" + commands)
    assert again == pytest.approx(energy, rel=1e-12)
    run = lammps("units metal\nread_restart saved\nrun 0\n")
    assert run.status != 0
    assert "pair style ipip stores no restart info" in run.output
    assert "Must re-specify non-restarted pair style (ipip) after read_restart" in run.errors
    run = lammps("units metal\nread_restart saved\npair_style ipip\nrun 0\n")
    assert run.status != 0
    assert "pair coeffs are not set" in run.errors


@pytest.mark.parametrize("ranks", [1, 2])
def test_a_gpu_where_there_is_none_is_refused(
    models: Models, lammps: Lammps, tmp_path: Path, ranks: int
) -> None:
    gpus, why_never = _core.visible_gpus("torchscript")
    if gpus > 0:
        pytest.skip("there is a GPU")
    models()
    box = write_start(tmp_path, a_gas())
    for backend, device, why in (
        ("kernels", "cuda", _core.visible_gpus("kernels")[1] or "no GPU is visible here"),
        ("torchscript", "cuda:1", why_never or "no GPU is visible here"),
    ):
        style = f"pair_style ipip backend {backend} device {device}\n"
        commands = f"{style}pair_coeff * * float64.pt O Mo S"
        run = lammps(header(box, pair=commands) + "run 0\n", ranks=ranks)
        assert run.status != 0
        assert run.output.count("ERROR") == 1
        assert f"device is {device}, but " in run.errors
        assert why in run.errors


def test_the_devices_of_several_ranks_are_printed_once(
    models: Models, lammps: Lammps, tmp_path: Path
) -> None:
    models()
    commands = "pair_style ipip device cpu\n" + "pair_coeff * * float64.pt O Mo S\n" * 2
    run = lammps(header(write_start(tmp_path, a_gas()), pair=commands) + "run 0\n", ranks=2)
    assert run.status == 0, run.output
    assert run.output.count("pair_style ipip: devices") == 1
    table = run.output[run.output.index("pair_style ipip: devices") :].splitlines()
    assert table[1].split() == ["node", "device", "ranks"]
    assert table[2].split()[1:] == ["cpu", "0-1"]
