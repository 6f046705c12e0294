"""SevenNet-0, whose weights are in its package."""

import importlib.util

import numpy as np
import pytest

from ipip.config.md import TeacherMDSettings
from ipip.config.systems import SystemSettings
from ipip.config.teacher import TeacherSettings
from ipip.errors import InputError
from ipip.systems import build
from ipip.teachers import MDJob, Teacher

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("sevenn") is None,
    reason='SevenNet is not installed (pip install "ipip[sevennet]")',
)


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    with Teacher(TeacherSettings(kind="sevennet"), tmp_path_factory.mktemp("logs")) as teacher:
        yield teacher


def test_labels_agree_with_the_stored_ones_and_forces_add_up(teacher, shared_data):
    from ase.io import read

    atoms = read(shared_data / "mso_pbe_d3" / "mso_pbe_d3.xyz", index="0:3")
    from ipip.data.frame import Frame

    labelled = teacher.label([Frame.from_atoms(a) for a in atoms])
    for stored, found in zip(atoms, labelled, strict=True):
        assert found.energy == pytest.approx(stored.info["E_7net0"], abs=1e-4)
        np.testing.assert_allclose(found.forces, stored.arrays["F_7net0"], atol=1e-3)
        np.testing.assert_allclose(found.forces.sum(axis=0), 0.0, atol=1e-3)
        assert found.stress.shape == (3, 3)


def test_it_says_what_it_is(teacher):
    info = teacher.info
    assert (info.kind, info.model) == ("sevennet", "7net-0")
    assert info.weights_digest.startswith("sha256:")
    assert {"sevenn", "torch", "ase", "numpy", "python"} <= info.versions.keys()


def test_md_of_a_packed_box_stays_within_bounds(teacher):
    frame = build(SystemSettings(species={"Mo3O9": 1, "S2": 1}, box=9.0), seed=1)
    md = TeacherMDSettings(steps=10, frame_interval=5, temperature=600.0, relax_steps=5)
    (result,) = teacher.run_md([MDJob("run", frame, 1)], md)
    assert result.state == "finished" and len(result.frames) == 2
    assert result.us_per_atom_step > 0
    again = teacher.label(result.frames)
    assert again[1].energy == pytest.approx(result.frames[1].energy, abs=1e-4)


def test_an_unknown_model_lists_the_known_ones(tmp_path):
    with (
        pytest.raises(InputError, match=r"'8net-7' cannot be loaded(.|\n)*7net-0"),
        Teacher(TeacherSettings(kind="sevennet", model="8net-7"), tmp_path),
    ):
        pass


def test_a_batch_gives_each_frame_the_labels_that_it_has_alone(tmp_path):
    settings = SystemSettings(species={"MoO3": 1, "S2": 1}, box=8.0)
    frames = [build(settings, seed) for seed in range(2)]
    frames += [build(SystemSettings(species={"S2": 3}, box=7.0), seed=1)]
    frames += [frames[0].replace(pbc=np.zeros(3, dtype=bool), cell=np.zeros((3, 3)))]
    unknown = frames[0].replace(numbers=np.full(len(frames[0]), 95))
    with Teacher(TeacherSettings(kind="sevennet", batch=8), tmp_path) as teacher:
        alone = [teacher.label([frame])[0] for frame in frames]
        together = teacher.label(frames)
        log = tmp_path / "teacher-0.log"
        assert "Traceback" not in log.read_text()  # the batch did not fail
        # A batch with an unknown element fails as a whole, and then frame by frame.
        mixed = teacher.label([*frames, unknown], on_error="mark")
        assert log.read_text().count("atomic number: 95") > 1
    assert mixed[4].energy is None and "95" in mixed[4].info["teacher_error"]
    assert [frame.stress is None for frame in together] == [False, False, False, True]
    for one, two, three in zip(alone, together, mixed[:4], strict=True):
        for other in (two, three):
            assert one.energy == pytest.approx(other.energy, abs=1e-4)
            np.testing.assert_allclose(one.forces, other.forces, atol=1e-4)
        if one.stress is not None:
            np.testing.assert_allclose(one.stress, two.stress, atol=1e-5)


def test_features_are_what_its_readout_makes_the_energy_of(teacher):
    """Through the readout's own layers they give the labels' energy."""
    import torch
    from sevenn.calculator import SevenNetCalculator

    frame = build(SystemSettings(species={"MoO3": 1, "S2": 1}, box=8.0), seed=1)
    (features,) = teacher.features([frame])
    assert features.shape == (len(frame), 128)
    calculator = SevenNetCalculator("7net-0", device="cpu")
    types = torch.tensor([calculator.type_map[int(z)] for z in frame.numbers])
    data = {"x": torch.tensor(features, dtype=torch.float32), "atom_type": types}
    for name in ("reduce_input_to_hidden", "reduce_hidden_to_energy", "rescale_atomic_energy"):
        data = calculator.model.get_submodule(name)(data)
    (labelled,) = teacher.label([frame])
    assert data["atomic_energy"].sum().item() == pytest.approx(labelled.energy, abs=1e-3)


def test_the_embedding_is_the_first_layers_row_of_each_element(teacher):
    from sevenn.calculator import SevenNetCalculator

    calculator = SevenNetCalculator("7net-0", device="cpu")
    weight = calculator.model.get_submodule("onehot_to_feature_x").linear.weight.detach().numpy()
    table = teacher.embedding(["Mo", "S", "O"])
    rows = weight.reshape(89, 128)[[calculator.type_map[z] for z in (42, 16, 8)]]
    factors = table / rows
    np.testing.assert_allclose(factors, factors[0, 0], rtol=1e-4)  # e3nn's normalisation
