"""CP2K as a reference level: the real program on small molecules, and its input."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule as ase_molecule

from ipip.config.cp2k import Cp2kSettings
from ipip.config.data import DataKeys
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame, read_frames
from ipip.errors import InputError
from ipip.systems import molecule
from ipip.teacher_program.cp2k_data import find_folder, full_name
from ipip.teacher_program.cp2k_level import kpoints, render_input
from ipip.teachers import Teacher, label_frames
from ipip.teachers.specification import cp2k_values

CHEAP = {
    "level": "smoothed",
    "cutoff": 120.0,
    "rel_cutoff": 30.0,
    "basis_set": "SZV-MOLOPT-SR-GTH",
    "basis_set_file": "BASIS_MOLOPT",
    "added_mos": 4,
    "vacuum": 3.0,
}
needs_cp2k = pytest.mark.skipif(
    not any(shutil.which(name) for name in ("cp2k_shell.psmp", "cp2k_shell", "cp2k.psmp")),
    reason="CP2K is not installed (apt-get install cp2k cp2k-data libopenblas0-serial)",
)


@pytest.fixture
def sulphur() -> Frame:
    """S2, stretched and in no special orientation."""
    atoms = molecule("S2")
    atoms.rotate(33, (1, 2, 3))
    atoms.positions[1] *= 1.03
    return Frame.from_atoms(atoms)


def _level(**changes) -> TeacherSettings:
    return TeacherSettings(kind="cp2k", cp2k=Cp2kSettings(**{**CHEAP, **changes}))


@needs_cp2k
def test_forces_of_a_molecule_are_the_gradient_and_do_not_depend_on_the_frame_before(
    sulphur, tmp_path
):
    moved = []
    for sign in (1, -1):
        positions = sulphur.positions.copy()
        positions[1, 0] += sign * 0.01
        moved.append(sulphur.replace(positions=positions))
    with Teacher(_level(eps_scf=1e-6), tmp_path) as teacher:
        assert teacher.info.versions["cp2k"][:2] == "20"
        first, up, down, again = teacher.label([sulphur, *moved, sulphur])
    assert first.stress is None
    np.testing.assert_allclose(first.forces.sum(axis=0), 0.0, atol=1e-3)
    slope = -(up.energy - down.energy) / 0.02
    assert first.forces[1, 0] == pytest.approx(slope, abs=5e-3)
    assert again.energy == pytest.approx(first.energy, abs=1e-9)
    np.testing.assert_allclose(again.forces, first.forces, atol=1e-9)


@needs_cp2k
def test_frames_that_do_not_converge_or_break_are_dropped_with_the_reason(sulphur, tmp_path):
    wrong = sulphur.replace(numbers=np.array([95, 16]))  # no basis set for americium
    result = label_frames([sulphur, wrong], _level(max_scf=2), tmp_path / "store", tmp_path)
    assert result.frames == []
    reasons = dict(result.dropped)
    assert "SCF not converged in 2 steps" in reasons[0]
    assert "BASIS_MOLOPT has no SZV-MOLOPT-SR-GTH for Am" in reasons[1]


@needs_cp2k
def test_a_periodic_cell_gets_kpoints_and_a_stress(tmp_path):
    frame = Frame(
        numbers=np.array([1, 1]),
        positions=np.array([[0.0, 0.0, 0.0], [0.0, 0.0, 0.8]]),
        cell=np.diag([4.0, 4.0, 4.5]),
        pbc=np.ones(3, dtype=bool),
    )
    with Teacher(_level(kpoint_length=5.0), tmp_path) as teacher:
        (dense,) = teacher.label([frame])
    with Teacher(_level(), tmp_path) as teacher:
        (gamma,) = teacher.label([frame])
    assert dense.stress.shape == (3, 3)
    np.testing.assert_allclose(dense.stress, dense.stress.T)
    assert 0.001 < abs(dense.energy - gamma.energy) < 3.0


def test_a_missing_command_is_refused(tmp_path):
    with (
        pytest.raises(InputError, match="there is no program cp3k"),
        Teacher(_level(command="cp3k -s"), tmp_path),
    ):
        pass


@needs_cp2k
@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("sh -c true", "names no program of CP2K"),
        ("env cp2k.psmp", "starts no shell of CP2K.*it said: .*command line argument"),
        (
            f"{Path(sys.executable).parent}/mpirun -n 2 cp2k.psmp -s",
            "starts separate copies of CP2K and not the ranks of one",
        ),
    ],
)
def test_a_command_that_starts_no_shell_or_several_is_refused(command, message, tmp_path):
    with pytest.raises(InputError, match=message), Teacher(_level(command=command), tmp_path):
        pass


@needs_cp2k
def test_a_command_is_tried_once_before_the_other_workers_start(sulphur, tmp_path):
    program, starts = tmp_path / "cp2k_noted", tmp_path / "starts"
    program.write_text(f'#!/bin/sh\n[ "$1" = -s ] && echo >> "{starts}"\nexec cp2k.psmp "$@"\n')
    program.chmod(0o755)
    level = _level(command=f"{program} -s").model_copy(update={"workers": 3})
    with Teacher(level, tmp_path) as teacher:
        assert len(set(teacher.pids)) == 3 and starts.read_text() == "\n"
        assert all(frame.energy is not None for frame in teacher.label([sulphur] * 3))
        assert starts.read_text() == 4 * "\n"


def test_kpoints_times_length_exceed_the_bound_along_periodic_directions():
    cell = np.diag([10.0, 29.0, 31.0])
    assert kpoints(cell, np.array([True, True, True]), 30.0) == (4, 2, 1)
    assert kpoints(cell, np.array([True, False, True]), 30.0) == (4, 1, 1)
    assert kpoints(cell, np.array([True, True, True]), 0.0) == (1, 1, 1)
    grid = kpoints(np.diag([3.1, 7.7, 14.2]), np.array([True] * 3), 30.0)
    assert all(
        n * edge > 30.0 >= (n - 1) * edge for n, edge in zip(grid, [3.1, 7.7, 14.2], strict=True)
    )


def test_the_default_level_is_the_papers(sulphur):
    cell = sulphur.to_atoms()
    cell.set_cell([10.0, 10.0, 10.0])
    cell.pbc = True
    kinds = [("S", "TZV2P-MOLOPT-PBE-GTH-q6", "GTH-PBE-q6")]
    text = render_input(cp2k_values(Cp2kSettings()), cell, kinds)
    for line in (
        "CUTOFF [Ry] 850.0",
        "SCHEME MONKHORST-PACK 4 4 4",
        "TYPE DFTD3(BJ)",
        "&XC_FUNCTIONAL PBE",
        "BASIS_SET TZV2P-MOLOPT-PBE-GTH-q6",
    ):
        assert line in text
    assert "NN10" not in text and "UNRESTRICTED" not in text and "UKS" not in text
    plain = Cp2kSettings()
    assert (plain.basis_set, plain.pseudo_potential) == ("TZV2P-MOLOPT-PBE-GTH", "GTH-PBE")
    smoothed = render_input(cp2k_values(Cp2kSettings(level="smoothed")), cell, kinds)
    assert "CUTOFF [Ry] 300.0" in smoothed and "NN10_SMOOTH" in smoothed
    assert "KPOINTS" not in smoothed
    assert Cp2kSettings(level="smoothed", cutoff=500.0).cutoff == 500.0
    isolated = render_input(cp2k_values(Cp2kSettings()), sulphur.to_atoms(), kinds)
    assert "POISSON_SOLVER WAVELET" in isolated and "KPOINTS" not in isolated


@needs_cp2k
def test_the_smoothed_level_matches_the_shipped_reference_frames(repository, tmp_path):
    keys = DataKeys(energy="REF_energy", forces="REF_forces")
    known = read_frames(repository / "examples/mo-s-o/data/mso_refs.xyz", keys)
    (stored,) = [f for f in known if f.info.get("family") == "S2" and f.info["scf_steps"] == 13
                 and f.info["config_type"] == "ref_molecule"]  # fmt: skip
    with Teacher(TeacherSettings(kind="cp2k", cp2k={"level": "smoothed"}), tmp_path) as teacher:
        (found,) = teacher.label([stored])
    assert found.energy == pytest.approx(stored.energy, abs=2e-3)
    np.testing.assert_allclose(found.forces, stored.forces, atol=5e-3)


def test_names_of_data_files_get_the_charge_that_the_file_appends(tmp_path):
    path = tmp_path / "BASIS"
    path.write_text(
        "#\nMo TZV2P-GTH-q14 TZV2P-GGA-q14\n 1\n 2 0 1\nMo TZV2P-GTH-q6\nS TZV2P-GTH-q6\nS OLD\n"
    )
    assert full_name(str(path), "S", "TZV2P-GTH") == "TZV2P-GTH-q6"
    assert full_name(str(path), "S", "OLD", "-q6") == "OLD"
    assert full_name(str(path), "Mo", "TZV2P-GTH", "-q14") == "TZV2P-GTH-q14"
    with pytest.raises(RuntimeError, match="several TZV2P-GTH for Mo: TZV2P-GTH-q14, TZV2P-GTH-q6"):
        full_name(str(path), "Mo", "TZV2P-GTH")
    with pytest.raises(RuntimeError, match="BASIS has no DZVP for S"):
        full_name(str(path), "S", "DZVP")


@needs_cp2k
def test_the_papers_basis_set_is_found_for_mo_s_and_o(tmp_path):
    data = find_folder("cp2k.psmp", "") or find_folder("cp2k_shell.psmp", "")
    for element, charge in (("Mo", "-q14"), ("S", "-q6"), ("O", "-q6")):
        basis = full_name(f"{data}/BASIS_MOLOPT_UZH", element, "TZV2P-MOLOPT-PBE-GTH")
        assert basis == f"TZV2P-MOLOPT-PBE-GTH{charge}"
        potential = full_name(f"{data}/POTENTIAL", element, "GTH-PBE", charge)
        assert potential == f"GTH-PBE{charge}"


@needs_cp2k
def test_charge_and_multiplicity_of_a_frame_reach_the_program(tmp_path):
    atoms = ase_molecule("OH")
    atoms.set_initial_magnetic_moments(None)
    hydroxyl = Frame.from_atoms(atoms)
    states = [{"charge": -1}, {"charge": 1, "multiplicity": 3}, {"charge": 1, "multiplicity": 1}]
    frames = [hydroxyl.replace(info=state) for state in states]
    with Teacher(_level(), tmp_path) as teacher:
        anion, triplet, singlet = (frame.energy for frame in teacher.label(frames))
        assert anion < triplet < singlet - 1.0  # the ground state of the cation is the triplet
        (half,) = teacher.label([hydroxyl.replace(info={"charge": -0.5})], on_error="mark")
    assert "CP2K accepts whole charges only" in half.info["teacher_error"]


@needs_cp2k
def test_a_template_that_fills_in_no_charge_refuses_charged_frames(sulphur, tmp_path):
    values = cp2k_values(Cp2kSettings())["template_text"]
    kept = [line for line in values.splitlines() if "CHARGE" not in line and "charge" not in line]
    (tmp_path / "old.j2").write_text("\n".join(kept).replace("{% endif %}", "", 1) + "\n")
    level = _level(template=tmp_path / "old.j2")
    with Teacher(level, tmp_path) as teacher:
        (frame,) = teacher.label([sulphur.replace(info={"charge": 2})], on_error="mark")
    assert "cp2k.template does not fill in charge" in frame.info["teacher_error"]
