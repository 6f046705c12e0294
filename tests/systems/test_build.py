"""Initial boxes."""

import time

import numpy as np
import pytest
from ase.build import bulk
from ase.formula import Formula
from ase.io import write

from ipip.config.systems import SystemSettings
from ipip.errors import InputError
from ipip.graph import neighbor_list
from ipip.systems import BUILT_IN, build, enlarged, molecule


def _distances(name: str) -> np.ndarray:
    return molecule(name).get_all_distances()


def test_mo3o9_is_the_planar_ring_of_d3h():
    atoms = molecule("Mo3O9")
    assert atoms.get_chemical_formula() == "Mo3O9"
    distances = atoms.get_all_distances()
    for mo in range(3):
        bonds = np.sort(distances[mo, 3:])
        np.testing.assert_allclose(bonds[:4], [1.713, 1.713, 1.920, 1.920], atol=1e-9)
        assert bonds[4] > 3.0
    np.testing.assert_allclose(atoms.positions[:6, 2], 0.0, atol=1e-12)
    mo_mo = distances[:3, :3][np.triu_indices(3, 1)]
    np.testing.assert_allclose(mo_mo, mo_mo[0])


@pytest.mark.parametrize(
    ("name", "bonds"),
    [
        ("S2", [1.90]),
        ("O2", [1.21]),
        ("SO2", [1.43, 1.43]),
        ("H2O", [0.96, 0.96]),
        ("H2S", [1.34, 1.34]),
        ("MoO3", [1.72] * 3),
        ("MoS3", [2.13] * 3),
        ("MoO2S", [1.72, 1.72, 2.13]),
    ],
)
def test_bonds_of_small_molecules(name, bonds):
    np.testing.assert_allclose(np.sort(_distances(name)[0, 1:]), bonds, atol=1e-9)


def test_s8_is_a_crown():
    distances = np.sort(_distances("S8"), axis=1)
    np.testing.assert_allclose(distances[:, 1:3], 2.05, atol=1e-9)
    assert (distances[:, 3] > 3.2).all()


def test_molecules_have_the_formula_of_their_name():
    for name in BUILT_IN:
        assert molecule(name).symbols.formula.count() == Formula(name).count()


def test_elements_g2_names_and_own_files_are_molecules_too(tmp_path):
    assert molecule("Ar").get_chemical_formula() == "Ar"
    assert len(molecule("CH3CH2OH")) == 9
    write(tmp_path / "own.xyz", molecule("SO2"))
    own = molecule("Anything", {"Anything": tmp_path / "own.xyz"})
    assert own.get_chemical_formula() == "O2S"
    with pytest.raises(InputError, match=r"did you mean Mo3O9.*; built in: "):
        molecule("Mo3O8")
    with pytest.raises(InputError, match=r"absent\.xyz does not exist"):
        molecule("X", {"X": tmp_path / "absent.xyz"})


@pytest.mark.parametrize("periodic", [True, False])
def test_molecules_are_packed_separately_through_the_boundary_too(periodic):
    settings = SystemSettings(
        species={"Mo3O9": 1, "S2": 6}, box=10.0, tolerance=2.2, periodic=periodic
    )
    frame = build(settings, seed=4)
    assert len(frame) == 24 and frame.pbc.tolist() == [periodic] * 3
    np.testing.assert_array_equal(frame.numbers[:3], 42)
    molecules = np.repeat(np.arange(7), [12, *[2] * 6])
    (i, j), vectors = neighbor_list(frame.positions, frame.cell, frame.pbc, 3.0)
    apart = molecules[i] != molecules[j]
    assert np.linalg.norm(vectors[apart], axis=1).min() > 2.2 - 0.02
    bonds = np.linalg.norm(np.diff(frame.positions[12:].reshape(6, 2, 3), axis=1), axis=-1)
    np.testing.assert_allclose(bonds, 1.90, atol=1e-4)


def test_the_seed_decides_the_box():
    settings = SystemSettings(species={"S2": 3}, box=(8.0, 9.0, 10.0))
    one, same, other = (build(settings, seed=seed) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.positions, same.positions)
    assert not np.allclose(one.positions, other.positions)
    np.testing.assert_array_equal(one.cell, np.diag([8.0, 9.0, 10.0]))


def test_a_density_makes_the_cube_of_the_paper():
    frame = build(SystemSettings(species={"Mo3O9": 1, "S2": 500}, density=0.2), seed=1)
    assert len(frame) == 1012
    assert frame.cell[0, 0] == pytest.approx(64.615, abs=1e-3)


def test_boxes_are_replicated(tmp_path):
    frame = build(SystemSettings(species={"S2": 1}, box=6.0, replicate=(2, 1, 3)), seed=1)
    assert len(frame) == 12
    np.testing.assert_array_equal(np.diag(frame.cell), [12.0, 6.0, 18.0])
    write(tmp_path / "cu.cif", bulk("Cu", cubic=True))
    crystal = build(SystemSettings(file=tmp_path / "cu.cif", replicate=(2, 2, 2)), seed=1)
    assert len(crystal) == 32 and crystal.pbc.all() and crystal.energy is None


def test_a_box_that_is_too_small_is_refused_at_once():
    start = time.monotonic()
    with pytest.raises(InputError, match=r"1 Mo3O9 \+ 4 S2 do not fit into a box of 4 x 4 x 4 Å"):
        build(SystemSettings(species={"Mo3O9": 1, "S2": 4}, box=4.0), seed=1)
    assert time.monotonic() - start < 5


def test_a_file_that_is_no_structure_is_refused(tmp_path):
    (tmp_path / "bad.xyz").write_text("3\n\nMo 0 0\n")
    with pytest.raises(InputError, match=r"bad\.xyz cannot be read"):
        build(SystemSettings(file=tmp_path / "bad.xyz"), seed=1)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "needs either species"),
        ({"species": {"S2": 1}}, "exactly one"),
        ({"species": {"S2": 1}, "box": 5.0, "density": 1.0}, "exactly one"),
        ({"species": {"S2": 0}, "box": 5.0}, "at least 1"),
        ({"species": {"S2": 1}, "box": -5.0}, "above 0"),
        ({"file": "a.xyz", "box": 5.0}, "its cell"),
        ({"species": {"S2": 1}, "box": 5.0, "replicate": (1, 0, 1)}, "at least 1"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        SystemSettings(**settings)


def test_radii_separate_elements_by_their_sums():
    settings = SystemSettings(
        species={"SO2": 6, "S2": 6}, box=12.0, tolerance=2.0, radii={"S": 1.7, "O": 1.2}
    )
    atoms = build(settings, seed=3).to_atoms()
    molecules = np.array([k for k in range(6) for _ in range(3)] + [6 + k // 2 for k in range(12)])
    distances = atoms.get_all_distances(mic=True)
    apart = molecules[:, None] != molecules[None, :]
    sulphur = atoms.symbols == "S"
    for one, two, bound in ((sulphur, sulphur, 3.4), (sulphur, ~sulphur, 2.9)):
        pairs = apart & one[:, None] & two[None, :]
        assert distances[pairs].min() > bound - 0.02  # packmol's own precision
    assert distances[apart & ~sulphur[:, None] & ~sulphur[None, :]].min() < 3.4
    with pytest.raises(ValueError, match=r"radii has 'Q': 1\.0; expected chemical symbols"):
        SystemSettings(species={"S2": 1}, box=9.0, radii={"Q": 1.0})
    with pytest.raises(InputError, match="do not fit"):
        build(settings.model_copy(update={"radii": {"S": 4.0}}), seed=3)


def test_a_box_has_the_charge_of_its_molecules_or_of_the_settings(tmp_path):
    (tmp_path / "cl.xyz").write_text("1\ncharge=-1\nCl 0 0 0\n")
    plain = {"species": {"Cl-": 3, "H2O": 1}, "molecules": {"Cl-": tmp_path / "cl.xyz"}, "box": 14}
    assert build(SystemSettings(**plain), 1).state == {"charge": -3}
    twice = SystemSettings(**plain, replicate=(2, 1, 1))
    assert build(twice, 1).state == {"charge": -6}
    own = SystemSettings(**plain, state={"total_charge": -2.0, "multiplicity": 2})
    assert build(own, 1).state == {"total_charge": -2, "multiplicity": 2}
    neutral = SystemSettings(species={"H2O": 1}, box=8.0)
    assert build(neutral, 1).state == {}
    with pytest.raises(ValueError, match="state has temperature; expected charge, multiplicity"):
        SystemSettings(**plain, state={"temperature": 1.0})


def test_a_structure_files_charge_and_spin_stay_with_the_box(tmp_path):
    cube = 'Lattice="8 0 0 0 8 0 0 0 8" Properties=species:S:1:pos:R:3'
    (tmp_path / "ion.xyz").write_text(
        f"2\n{cube} charge=-1 multiplicity=3 note=a\nO 0 0 0\nO 1.3 0 0\n"
    )
    frame = build(SystemSettings(file=tmp_path / "ion.xyz"), 1)
    assert frame.info == {"system": "ion", "charge": -1, "multiplicity": 3}
    larger = SystemSettings(file=tmp_path / "ion.xyz", replicate=(2, 1, 1))
    with pytest.raises(InputError, match=r"multiplicity=3 for one copy.*give the system state"):
        build(larger, 1)
    said = larger.model_copy(update={"state": {"multiplicity": 5.0}})
    assert build(said, 1).state == {"charge": -2, "multiplicity": 5}
    assert enlarged(frame, (2, 2, 1)).state == {"charge": -4}


def test_a_lammps_dump_is_a_structure_in_its_units_with_its_elements(tmp_path):
    path = tmp_path / "start.dump"
    rows = "2 O 1.27 0.1 0.1\n1 Mo 1.1 0.1 0.1\n"
    text = (
        "ITEM: UNITS\nnano\nITEM: TIMESTEP\n5\nITEM: NUMBER OF ATOMS\n2\n"
        "ITEM: BOX BOUNDS pp pp ff\n1 1.9\n0 0.9\n0 0.9\nITEM: ATOMS id element xu yu zu\n"
    )
    path.write_text(text + rows)
    box = build(SystemSettings(file=path), seed=1)
    assert box.numbers.tolist() == [42, 8] and box.pbc.tolist() == [True, True, False]
    np.testing.assert_allclose(box.cell, np.eye(3) * 9.0)
    np.testing.assert_allclose(box.positions[1] - box.positions[0], [1.7, 0.0, 0.0])
    path.write_text(
        (text + rows).replace("element", "type").replace("1 Mo ", "1 1 ").replace("2 O ", "2 2 ")
    )
    with pytest.raises(InputError, match="with unknown elements"):
        build(SystemSettings(file=path), seed=1)
