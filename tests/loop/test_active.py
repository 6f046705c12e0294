"""Active learning: the choice of frames, the fit of the level, and a real round with it."""

import numpy as np
import pytest
from ase.build import bulk

from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import Frame, read_frames
from ipip.data.draw import draw_indices
from ipip.decisions.active import level_mismatch, with_largest
from ipip.errors import InputError
from ipip.loop.run import run_loop
from ipip.records.manifest import read_manifests
from ipip.records.run_folder import RunFolder
from ipip.stages.finetune import FINETUNE
from ipip.stages.harvest import HARVEST
from ipip.stages.reference_labels import REFERENCE_LABELS
from ipip.views.ledger import read_ledger

# The reference of the tests' data: EMT made stiffer, with another energy zero.
REFERENCE = """
from ase.calculators.emt import EMT

class Reference(EMT):
    def calculate(self, *args, **kwargs):
        super().calculate(*args, **kwargs)
        shift = sum({29: -3.0, 79: -5.0}[z] for z in self.atoms.numbers)
        self.results["energy"] = 1.1 * self.results["energy"] + shift + OFFSET
        self.results["forces"] = 1.1 * self.results["forces"]
        if BREAKS:
            Reference.calls = getattr(Reference, "calls", 0) + 1
            if Reference.calls == 2:
                raise RuntimeError("SCF not converged in 50 steps")
"""


def test_the_largest_finite_differences_are_chosen():
    differences = [0.1, None, 0.5, float("inf"), 0.5, 0.2, float("nan")]
    assert with_largest(differences, 2) == [2, 4]
    assert with_largest(differences, 3) == [2, 4, 5]
    assert with_largest(differences, 99) == [0, 2, 4, 5]
    assert with_largest([], 3) == []
    assert with_largest([0.3, 0.3, 0.3], 2) == [0, 1]


def test_a_draw_is_of_different_frames_and_the_same_for_the_same_seed():
    one = draw_indices(20, 5, seed=3)
    assert one == draw_indices(20, 5, seed=3) == sorted(set(one)) and len(one) == 5
    assert any(draw_indices(20, 5, seed=k) != one for k in range(4, 8))
    assert draw_indices(3, 5, seed=3) == [0, 1, 2] and draw_indices(0, 5, seed=3) == []


def test_a_mismatch_is_reported_per_atom_and_per_component():
    frame = Frame.from_atoms(bulk("Cu", cubic=True))
    frame = frame.replace(energy=-3.0, forces=np.zeros((4, 3)))
    forces = np.zeros((4, 3))
    forces[2, 1] = -0.07
    energy, force = level_mismatch(frame, frame.replace(energy=-2.984, forces=forces))
    assert energy == pytest.approx(4.0)
    assert force == pytest.approx(0.07)


def _with_active(write_inputs, folder, offset: float = 0.0, breaks: bool = False):
    text = REFERENCE.replace("OFFSET", str(offset)).replace("BREAKS", str(breaks))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "own_reference.py").write_text(text)
    level = {"kind": "ase", "import_path": "own_reference:Reference", "import_folder": "."}
    return write_inputs(folder, active={"frames": 2, "level": level})


def test_disputed_frames_get_reference_labels_and_join_the_fine_tuning(write_inputs, tmp_path):
    config = _with_active(write_inputs, tmp_path / "a", breaks=True)
    folder = tmp_path / "a" / "run"
    run_loop(load_settings(config, RunSettings), folder)
    stage = REFERENCE_LABELS.of(1)
    manifests = read_manifests(RunFolder(folder))
    record = REFERENCE_LABELS.read(manifests, 1)
    assert (record.requested, record.labelled) == (2, 1)
    assert "SCF not converged" in record.dropped[0].why
    assert record.level_force_difference_ev_per_a < 1e-6
    (labelled,) = read_frames(folder / stage / "reference.xyz")
    teachers = {
        frame.info["frame_id"]: frame for frame in read_frames(folder / HARVEST.of(1) / "new.lmdb")
    }
    teacher = teachers[labelled.info["frame_id"]]
    np.testing.assert_allclose(labelled.positions, teacher.positions)
    np.testing.assert_allclose(labelled.forces, 1.1 * teacher.forces, atol=1e-6)
    sizes = [FINETUNE.read(manifests, index).train_frames for index in (0, 1)]
    assert sizes[1] == sizes[0] + 1
    (row,) = read_ledger(folder, origin=1, label="reference")
    assert row.frame_id == f"reference/{labelled.info['frame_id']}" and row.part == "train"


def test_a_level_with_another_energy_zero_is_refused(write_inputs, tmp_path):
    config = _with_active(write_inputs, tmp_path / "b", offset=1.0)
    with pytest.raises(InputError, match=r"active\.level is not the level of the reference"):
        run_loop(load_settings(config, RunSettings), tmp_path / "b" / "run")
