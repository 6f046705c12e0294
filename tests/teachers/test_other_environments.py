"""Teachers whose packages exclude each other: MACE and CHGNet, each in its own environment."""

import importlib.util
import subprocess
from importlib.metadata import version

import numpy as np
import pytest

from ipip.config.md import TeacherMDSettings
from ipip.config.systems import SystemSettings
from ipip.config.teacher import TeacherSettings
from ipip.errors import InputError
from ipip.systems import build
from ipip.teachers import MDJob, Teacher

MAKE_MACE = """
import os, sys
os.environ["TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD"] = "1"
import numpy as np
import torch
from mace import modules
from e3nn import o3

torch.manual_seed(3)
torch.set_default_dtype(torch.float64)
block = modules.interaction_classes["RealAgnosticResidualInteractionBlock"]
model = modules.ScaleShiftMACE(
    r_max=4.5, num_bessel=4, num_polynomial_cutoff=5, max_ell=2, interaction_cls=block,
    interaction_cls_first=block, num_interactions=2, num_elements=3,
    hidden_irreps=o3.Irreps("8x0e + 8x1o"), MLP_irreps=o3.Irreps("8x0e"),
    gate=torch.nn.functional.silu, atomic_energies=np.array([-1.0, -2.0, -3.0]),
    avg_num_neighbors=8.0, atomic_numbers=[8, 16, 42], correlation=2, radial_MLP=[16, 16],
    radial_type="bessel", atomic_inter_scale=5.0, atomic_inter_shift=0.0,
)
torch.save(model, sys.argv[1])
"""


def _frames(count: int):
    settings = SystemSettings(species={"MoO3": 1, "S2": 3}, box=8.0)
    frames = [build(settings, seed) for seed in range(count)]
    smaller = SystemSettings(species={"S2": 3}, box=7.0)
    return [*frames, build(smaller, 1)]


def _check_physics(teacher, frame, tolerance: float) -> None:
    """Forces and stress are derivatives of the energy, seen by central differences."""
    (labelled,) = teacher.label([frame])
    np.testing.assert_allclose(labelled.forces.sum(axis=0), 0.0, atol=1e-4)
    step = 0.01
    moved, strained = [], []
    for sign in (1, -1):
        positions = frame.positions.copy()
        positions[0, 0] += sign * step
        moved.append(frame.replace(positions=positions))
        strain = np.eye(3) + sign * 1e-3 * np.diag([0, 0, 1.0])
        strained.append(frame.replace(positions=frame.positions @ strain, cell=frame.cell @ strain))
    up, down, wide, narrow = teacher.label([*moved, *strained])
    slope = -(up.energy - down.energy) / (2 * step)
    assert labelled.forces[0, 0] == pytest.approx(slope, abs=tolerance)
    stress = (wide.energy - narrow.energy) / (2e-3 * frame.volume)
    assert labelled.stress[2, 2] == pytest.approx(stress, abs=tolerance)


def _check_batches(teacher, frames) -> None:
    """A batch gives each frame the same labels as alone."""
    alone = [teacher.label([frame])[0] for frame in frames]
    for one, two in zip(alone, teacher.label(frames), strict=True):
        assert one.energy == pytest.approx(two.energy, abs=1e-4)
        np.testing.assert_allclose(one.forces, two.forces, atol=1e-4)
        np.testing.assert_allclose(one.stress, two.stress, atol=1e-5)


def _check_md(teacher, frame) -> None:
    md = TeacherMDSettings(steps=6, frame_interval=3, temperature=600.0, relax_steps=2)
    (result,) = teacher.run_md([MDJob("run", frame, 1)], md)
    assert result.state == "finished" and len(result.frames) == 2


def _check_features(teacher, frame, widths: tuple[int, int], tolerance: float) -> None:
    """Features belong to atoms and do not rotate; each element has a different embedding."""
    turn = np.array([[0.0, 1, 0], [0, 0, 1], [1, 0, 0]])  # the cell is a cube
    order = np.arange(len(frame))[::-1]
    other = frame.replace(positions=frame.positions[order] @ turn, numbers=frame.numbers[order])
    first, second = teacher.features([frame, other])
    assert first.shape == (len(frame), widths[0])
    np.testing.assert_allclose(second, first[order], atol=tolerance * np.abs(first).max())
    table = teacher.embedding(["S", "Mo", "O"])
    assert table.shape == (3, widths[1])
    assert np.linalg.matrix_rank(table) == 3
    np.testing.assert_array_equal(teacher.embedding(["O"])[0], table[2])


def test_mace_runs_beside_sevennet_from_another_environment(second_environment, tmp_path):
    python = second_environment("mace-torch==0.3.16")
    model = tmp_path / "small.model"
    subprocess.run([python, "-c", MAKE_MACE, model], check=True, capture_output=True)
    settings = TeacherSettings(kind="mace", model=str(model), interpreter=python, batch=8)
    if importlib.util.find_spec("mace") is None:  # this environment cannot run it
        with (
            pytest.raises(InputError, match=r"pip install .*'mace-torch"),
            Teacher(settings.model_copy(update={"interpreter": None}), tmp_path),
        ):
            pass
    frames = _frames(2)
    with Teacher(settings, tmp_path) as teacher:
        info = teacher.info
        assert info.versions["mace-torch"] == "0.3.16"
        assert info.versions["torch"] == version("torch")  # the one of this environment
        assert info.weights_digest.startswith("sha256:")
        _check_physics(teacher, frames[0], tolerance=1e-3)
        _check_batches(teacher, frames)
        _check_md(teacher, frames[0])
        _check_features(teacher, frames[0], (16, 8), tolerance=1e-9)
    assert "Traceback" not in (tmp_path / "teacher-0.log").read_text()  # no batch failed


def test_chgnet_labels_alone_and_in_batches_and_runs_md(second_environment, tmp_path):
    python = None
    if importlib.util.find_spec("chgnet") is None:
        python = second_environment("chgnet==0.4.2")
    settings = TeacherSettings(kind="chgnet", interpreter=python, batch=8)
    frames = _frames(2)
    with Teacher(settings, tmp_path) as teacher:
        assert (teacher.info.model, teacher.info.versions["chgnet"]) == ("0.3.0", "0.4.2")
        _check_physics(teacher, frames[0], tolerance=2e-2)  # single precision
        _check_batches(teacher, frames)
        _check_md(teacher, frames[0])
        _check_features(teacher, frames[0], (64, 64), tolerance=1e-4)
    assert "Traceback" not in (tmp_path / "teacher-0.log").read_text()  # no batch failed
