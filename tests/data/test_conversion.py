"""Outputs of other programs: known values are converted to eV and Å, and omissions are reported."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms, units
from ase.calculators.emt import EMT
from ase.io import write

from ipip.cli.main import main
from ipip.config.data import DataKeys
from ipip.data import Frame, read_frames
from ipip.data.conversion import Read, iterate_source
from ipip.errors import InputError

OUTCAR_HEAD = """ vasp.6.3.0
 POTCAR:    PAW_PBE Mo 08Apr2002
 POTCAR:    PAW_PBE S 06Sep2000
 POTCAR:    PAW_PBE Mo 08Apr2002
 POTCAR:    PAW_PBE S 06Sep2000
   k-points           NKPTS =      1   k-points in BZ     NKDIM =      1   bands    NBANDS=     12
   ISPIN  =      1    spin polarized calculation?
   ions per type =               1   1
 k-points in reciprocal lattice and weights: Gamma
   0.00000000  0.00000000  0.00000000       1.000

--------------------------------------- Iteration      1(   1)  -----------------------------------
"""
OUTCAR_STEP = """------------------------ aborting loop {loop} ------------------------
  in kB      10.00000    20.00000    30.00000     1.00000     2.00000     3.00000
      direct lattice vectors                 reciprocal lattice vectors
     5.000000000  0.000000000  0.000000000     0.200000000  0.000000000  0.000000000
     0.000000000  5.000000000  0.000000000     0.000000000  0.200000000  0.000000000
     0.000000000  0.000000000  5.000000000     0.000000000  0.000000000  0.200000000

 POSITION                                       TOTAL-FORCE (eV/Angst)
 -----------------------------------------------------------------------------------
      0.00000      0.00000      0.00000         1.000000      0.000000      0.500000
      2.00000      0.00000      0.00000        -1.000000      0.000000     -0.500000
 -----------------------------------------------------------------------------------
    total drift:                                0.000000      0.000000      0.000000

  FREE ENERGIE OF THE ION-ELECTRON SYSTEM (eV)
  ---------------------------------------------------
  free  energy   TOTEN  =       {energy:.8f} eV

  energy  without entropy=      -19.00000000  energy(sigma->0) =      -19.50000000
"""
PW_OUT = """
     Program PWSCF v.7.2 starts on 1Jan2024 at  0: 0: 0

     number of atoms/cell      =            2
     number of atomic types    =            2
     celldm(1)=  10.000000  celldm(2)=   0.000000  celldm(3)=   0.000000

     crystal axes: (cart. coord. in units of alat)
               a(1) = (   1.000000   0.000000   0.000000 )
               a(2) = (   0.000000   1.000000   0.000000 )
               a(3) = (   0.000000   0.000000   1.000000 )

     site n.     atom                  positions (alat units)
         1           Mo  tau(   1) = (   0.0000000   0.0000000   0.0000000  )
         2           S   tau(   2) = (   0.4000000   0.0000000   0.0000000  )

!    total energy              =     -10.00000000 Ry
     convergence has been achieved in   9 iterations

     Forces acting on atoms (cartesian axes, Ry/au):

     atom    1 type  1   force =     0.10000000    0.00000000    0.00000000
     atom    2 type  2   force =    -0.10000000    0.00000000    0.00000000

     Computing stress (Cartesian axis) and pressure

          total   stress  (Ry/bohr**3)                   (kbar)     P=       14.71
   0.00010000   0.00000000   0.00000000           14.71        0.00        0.00
   0.00000000   0.00020000   0.00000000            0.00       29.42        0.00
   0.00000000   0.00000000   0.00030000            0.00        0.00       44.13

ATOMIC_POSITIONS (alat)
Mo            0.0000000000        0.0000000000        0.0000000000
S             0.4100000000        0.0000000000        0.0000000000

     total energy              =     -10.10000000 Ry
     convergence NOT achieved after   9 iterations: stopping

     Forces acting on atoms (cartesian axes, Ry/au):

     atom    1 type  1   force =     0.20000000    0.00000000    0.00000000
     atom    2 type  2   force =    -0.20000000    0.00000000    0.00000000
"""
VASPRUN_STEP = """ <calculation>
{scsteps}  <structure>
   <crystal><varray name="basis">
     <v>5 0 0</v><v>0 5 0</v><v>0 0 5</v>
   </varray></crystal>
   <varray name="positions"><v>0 0 0</v><v>0.4 0 0</v></varray>
  </structure>
  <varray name="forces"><v>1 0 0.5</v><v>-1 0 -0.5</v></varray>
  <varray name="stress"><v>10 1 3</v><v>1 20 2</v><v>3 2 30</v></varray>
  <energy><i name="e_fr_energy">-20.0</i><i name="e_0_energy">-19.5</i></energy>
 </calculation>
"""


def frames_of(path: Path, **options: object) -> tuple[list[Frame], str]:
    """Return the frames of a file and the report on it."""
    read = Read(path)
    keys = options.pop("keys", DataKeys())
    assert isinstance(keys, DataKeys)
    frames = list(iterate_source(read, keys, **options))  # type: ignore[arg-type]
    return frames, "\n".join(read.lines())


def outcar(path: Path, *converged: bool) -> Path:
    loops = {True: "because EDIFF is reached", False: "EDIFF was not reached (unconverged)"}
    steps = [OUTCAR_STEP.format(loop=loops[ok], energy=-20.0 - k) for k, ok in enumerate(converged)]
    path.write_text(OUTCAR_HEAD + "".join(steps))
    return path


@pytest.mark.parametrize("name", ["OUTCAR", "md@1200K.OUTCAR", "OUTCAR.gz"])
def test_an_outcar_gives_the_free_energy_and_the_stress_with_ases_sign(
    name: str, tmp_path: Path
) -> None:
    path = outcar(tmp_path / "OUTCAR", True, True)
    if name.endswith(".gz"):
        import gzip

        (tmp_path / name).write_bytes(gzip.compress(path.read_bytes()))
    else:
        path.rename(tmp_path / name)
    frames, told = frames_of(tmp_path / name)
    assert [frame.energy for frame in frames] == [-20.0, -21.0]
    first = frames[0]
    assert first.forces is not None and first.forces.tolist() == [[1, 0, 0.5], [-1, 0, -0.5]]
    assert first.pbc.all() and first.positions[1, 0] == 2.0 and first.volume == pytest.approx(125)
    kbar = 0.1 * units.GPa
    expected = -kbar * np.array([[10.0, 1, 3], [1, 20, 2], [3, 2, 30]])
    assert first.stress is not None and np.allclose(first.stress, expected, rtol=1e-9)
    assert first.info == {"source": str(tmp_path / name)}
    assert "2 frames with energies and forces, 2 with a stress" in told
    assert "energies are the free energies, the potential of the forces" in told


def test_steps_whose_scf_did_not_converge_are_left_out_and_reported(tmp_path: Path) -> None:
    path = outcar(tmp_path / "OUTCAR", True, False, True)
    frames, told = frames_of(path)
    assert [frame.energy for frame in frames] == [-20.0, -22.0]
    assert "1 of 3 frames did not converge: not read (--unconverged reads them)" in told
    assert len(frames_of(path, unconverged=True)[0]) == 3
    with pytest.raises(InputError, match=r"no frame has energy.*1 not converged: --unconverged"):
        frames_of(outcar(tmp_path / "OUTCAR", False))


def test_a_vasprun_counts_its_scf_steps_against_nelm(tmp_path: Path) -> None:
    energy = '<energy><i name="e_fr_energy">-20.0</i><i name="e_0_energy">-19.5</i></energy>'
    scsteps = [f"  <scstep>{energy}</scstep>\n" * count for count in (3, 5)]
    (tmp_path / "vasprun.xml").write_text(
        '<?xml version="1.0"?>\n<modeling>\n'
        '<kpoints><varray name="kpointlist"><v>0 0 0</v></varray>'
        '<varray name="weights"><v>1.0</v></varray></kpoints>\n'
        '<parameters><i type="int" name="NELM">5</i></parameters>\n'
        '<atominfo><array name="atoms"><set><rc><c>Mo</c><c>1</c></rc><rc><c>S </c><c>2</c></rc>'
        "</set></array></atominfo>\n"
        '<structure name="initialpos"><crystal><varray name="basis"><v>5 0 0</v><v>0 5 0</v>'
        '<v>0 0 5</v></varray></crystal><varray name="positions"><v>0 0 0</v><v>0.4 0 0</v>'
        "</varray></structure>\n"
        + "".join(VASPRUN_STEP.format(scsteps=own) for own in scsteps)
        + "</modeling>\n"
    )
    frames, told = frames_of(tmp_path / "vasprun.xml")
    assert [frame.energy for frame in frames] == [-20.0]
    assert frames[0].stress is not None
    assert np.allclose(np.diag(frames[0].stress), -0.1 * units.GPa * np.array([10, 20, 30]))
    assert "1 of 2 frames did not converge" in told


def test_quantum_espresso_is_read_in_ev_and_its_failed_step_left_out(tmp_path: Path) -> None:
    (tmp_path / "pw.out").write_text(PW_OUT)
    (frame,), told = frames_of(tmp_path / "pw.out")
    assert frame.energy == pytest.approx(-10 * units.Rydberg, rel=1e-6)
    assert frame.forces is not None
    assert frame.forces[0, 0] == pytest.approx(0.1 * units.Rydberg / units.Bohr, rel=1e-6)
    assert frame.positions[1, 0] == pytest.approx(4 * units.Bohr, rel=1e-6)
    pressure = 2e-4 * units.Rydberg / units.Bohr**3
    assert frame.stress is not None and frame.stress[1, 1] == pytest.approx(-pressure, rel=1e-6)
    assert "1 of 2 frames have no energy or no forces: not read" in told
    assert "whether the electronic structure converged is not checked" in told


def test_a_trajectory_of_ase_keeps_labels_charges_and_moments(tmp_path: Path) -> None:
    atoms = Atoms("Cu2", [[0, 0, 0], [2.3, 0, 0]], cell=[9, 9, 9], pbc=True, info={"charge": 1})
    atoms.set_initial_magnetic_moments([1.0, -1.0])
    atoms.calc = EMT()
    energy, forces, stress = (
        atoms.get_potential_energy(),
        atoms.get_forces(),
        atoms.get_stress(voigt=False),
    )
    write(tmp_path / "a.traj", [atoms, Atoms("Cu")])
    (frame,), told = frames_of(tmp_path / "a.traj")
    assert frame.energy == pytest.approx(energy, abs=1e-12)
    assert frame.forces is not None and np.allclose(frame.forces, forces, atol=1e-12)
    assert frame.stress is not None and np.allclose(frame.stress, stress, atol=1e-12)
    assert frame.state == {"charge": 1}
    assert frame.arrays["initial_magmoms"].tolist() == [1.0, -1.0]
    assert "1 of 2 frames have no energy or no forces" in told


def deepmd(folder: Path, layout: str, count: int = 3) -> tuple[np.ndarray, ...]:
    """Write a DeePMD system of S and two Mo; return coordinates, forces, virials and energies."""
    random = np.random.default_rng(1)
    coord, force = random.normal(size=(2, count, 3, 3))
    virial = random.normal(size=(count, 3, 3))
    virial += virial.transpose(0, 2, 1)
    energy = -10.0 - np.arange(count)
    box = np.tile(np.diag([5.0, 4.0, 5.0]).ravel(), (count, 1))
    folder.mkdir(parents=True)
    (folder / "type_map.raw").write_text("Mo\nS\n")
    (folder / "type.raw").write_text("1\n0\n0\n" if layout != "mixed" else "0\n0\n0\n")
    arrays = {"coord": coord, "force": force, "virial": virial, "energy": energy, "box": box}
    if layout == "raw":
        for name, values in arrays.items():
            np.savetxt(folder / f"{name}.raw", values.reshape(count, -1), fmt="%.17g")
    else:
        (folder / "set.000").mkdir()
        for name, values in arrays.items():
            np.save(folder / "set.000" / f"{name}.npy", values.reshape(count, -1))
        np.save(folder / "set.000" / "energy.npy", energy)  # one axis
        np.save(folder / "set.000" / "fparam.npy", np.zeros((count, 1)))
    if layout == "mixed":
        types = np.tile([1, 0, 0], (count, 1))
        types[-1] = [1, 1, -1]
        np.save(folder / "set.000" / "real_atom_types.npy", types)
    return coord, force, virial, energy


@pytest.mark.parametrize("layout", ["raw", "npy", "mixed"])
def test_deepmd_folders_are_read_with_virials_as_minus_volume_times_stress(
    layout: str, tmp_path: Path
) -> None:
    coord, force, virial, energy = deepmd(tmp_path / "data" / "sys", layout)
    frames, told = frames_of(tmp_path / "data")
    assert [frame.energy for frame in frames] == energy.tolist()
    for index, frame in enumerate(frames):
        padded = layout == "mixed" and index == 2
        assert frame.numbers.tolist() == ([16, 16] if padded else [16, 42, 42])
        n = len(frame)
        assert frame.forces is not None and np.allclose(frame.forces, force[index][:n])
        assert np.allclose(frame.positions, coord[index][:n])
        assert frame.stress is not None and np.allclose(frame.stress, -virial[index] / 100.0)
    assert "1 DeePMD system: energies and virials in eV" in told
    assert ("fparam.npy cannot be stored" in told) == (layout != "raw")


def test_a_deepmd_system_without_periodicity_has_no_cell_and_no_stress(tmp_path: Path) -> None:
    deepmd(tmp_path / "sys", "npy")
    (tmp_path / "sys" / "nopbc").touch()
    frames, told = frames_of(tmp_path / "sys")
    assert not frames[0].pbc.any() and not frames[0].cell.any() and frames[0].stress is None
    assert "3 frames have a stress without being periodic" in told


def test_deepmd_folders_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    deepmd(tmp_path / "sys", "npy")
    (tmp_path / "sys" / "type_map.raw").unlink()
    with pytest.raises(InputError, match=r"no type_map.raw; name the element .* --type-map"):
        frames_of(tmp_path / "sys")
    frames, _ = frames_of(tmp_path / "sys", type_map=["O", "H"])
    assert frames[0].numbers.tolist() == [1, 8, 8]
    with pytest.raises(InputError, match="atoms of type 1, but only 1 types are named"):
        frames_of(tmp_path / "sys", type_map=["O"])
    np.save(tmp_path / "sys" / "set.000" / "force.npy", np.zeros((3, 6)))
    with pytest.raises(InputError, match=r"force has shape \(3, 6\); expected 3 frames of 3 atoms"):
        frames_of(tmp_path / "sys", type_map=["O", "H"])
    (tmp_path / "sys" / "set.000" / "force.npy").unlink()
    with pytest.raises(InputError, match=r"has no force .*labelled frames need coord, energy and"):
        frames_of(tmp_path / "sys", type_map=["O", "H"])


def cp2k(folder: Path, cells: bool) -> Path:
    """Write two frames of an MD run of CP2K, and the forces of the first one."""
    frame = "       2\n i = {i:8d}, time = {t:12.3f}, E = {e:20.10f}\n Mo1 {a}\n  S {b}\n"
    positions = frame.format(i=0, t=0.0, e=-5.0, a="0.0 0.0 0.0", b="2.0 0.0 0.0")
    positions += frame.format(i=5, t=2.5, e=-6.0, a="0.0 0.0 0.0", b="2.1 0.0 0.0")
    (folder / "run-pos-1.xyz").write_text(positions)
    forces = frame.format(i=0, t=0.0, e=-5.0, a="0.01 0.0 0.02", b="-0.01 0.0 -0.02")
    (folder / "run-frc-1.xyz").write_text(forces)
    if cells:
        box = "10.0 0 0 0 11.0 0 0 0 12.0"
        (folder / "run-1.cell").write_text(
            f"# Step Time [fs] Ax ...\n 0 0.0 {box} 1320.0\n 5 2.5 {box} 1320.0\n"
        )
        (folder / "run-1.stress").write_text("# Step\n 0 0.0 1e4 0 0 0 2e4 0 0 0 3e4\n")
    return folder / "run-pos-1.xyz"


def test_a_trajectory_of_cp2k_is_read_from_hartree_and_bohr(tmp_path: Path) -> None:
    (frame,), told = frames_of(cp2k(tmp_path, cells=True))
    assert frame.energy == pytest.approx(-5 * units.Hartree)
    force = units.Hartree / units.Bohr
    assert frame.forces is not None and frame.forces[0].tolist() == pytest.approx(
        [0.01 * force, 0.0, 0.02 * force]
    )
    assert frame.positions[1, 0] == 2.0 and np.diag(frame.cell).tolist() == [10, 11, 12]
    assert frame.stress is not None and frame.pbc.all()
    assert np.diag(frame.stress) == pytest.approx(-units.bar * np.array([1e4, 2e4, 3e4]))
    assert frame.numbers.tolist() == [42, 16] and frame.info["md_step"] == 0
    assert "1 frames have no forces or no cell of their step: not read" in told


def test_a_trajectory_of_cp2k_without_cells_needs_one(tmp_path: Path) -> None:
    path = cp2k(tmp_path, cells=False)
    out = str(tmp_path / "out.xyz")
    assert main(["convert", str(path), out]) == 2
    assert main(["convert", str(path), out, "--cell", "10 11"]) == 2
    assert main(["convert", str(path), out, "--cell", "none"]) == 0
    assert not read_frames(out)[0].pbc.any()
    assert main(["convert", str(path), str(tmp_path / "b.xyz"), "--cell", "10,11,12"]) == 0
    assert read_frames(tmp_path / "b.xyz")[0].volume == pytest.approx(1320.0)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.foo", "hello", "a.foo: cannot be read"),
        ("OUTCAR", "hello", "frame 0 cannot be read as VASP OUTCAR file"),
        ("a.traj", "", "can"),
        ("POSCAR", "x\n1\n5 0 0\n0 5 0\n0 0 5\nMo\n1\nDirect\n0 0 0\n", "1 without energy"),
    ],
)
def test_unreadable_files_are_reported_in_one_line(
    name: str, content: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_text(content)
    assert main(["convert", str(tmp_path / name), str(tmp_path / "out.xyz")]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and "Traceback" not in error
    assert not (tmp_path / "out.xyz").exists()


def test_convert_reads_several_kinds_into_one_store_and_reports_each(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outcar(tmp_path / "OUTCAR", True, False)
    deepmd(tmp_path / "sys", "npy")
    sources = [str(tmp_path / "OUTCAR"), str(tmp_path / "sys")]
    assert main(["convert", *sources, str(tmp_path / "all.lmdb")]) == 0
    told = capsys.readouterr().out
    assert "OUTCAR: 1 frames with energies and forces" in told
    assert "sys: 3 frames with energies and forces" in told
    assert "wrote 4 frames with 11 atoms" in told
    frames = read_frames(tmp_path / "all.lmdb", DataKeys(group="source"))
    assert [frame.info["source"] for frame in frames] == [sources[0], *[sources[1]] * 3]


def test_compressed_extended_xyz_is_read_as_plain_text_is(tmp_path: Path) -> None:
    text = (
        "1\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-1.0 energy-unit=hartree "
        'force-unit=hartree/bohr stress-unit=GPa stress="1 2 3 4 5 6" charge=-1 '
        'Lattice="6 0 0 0 6 0 0 0 6" pbc="T T T"\nO 0 0 0 0.1 0 0\n'
    )
    plain, packed = tmp_path / "a@1.xyz", tmp_path / "a@1.xyz.gz"
    plain.write_text(text)
    packed.write_bytes(gzip.compress(text.encode()))
    (one,), (other,) = (list(iterate_source(Read(path), DataKeys())) for path in (plain, packed))
    assert other.energy == one.energy == pytest.approx(-units.Hartree)
    assert other.stress is not None
    assert other.stress[0, 1] == pytest.approx(6 * units.GPa)
    np.testing.assert_array_equal(other.forces, one.forces)
    assert other.info == one.info == {"charge": -1}
    packed.write_bytes(packed.read_bytes()[:-20])
    with pytest.raises(InputError, match="truncated or damaged"):
        list(iterate_source(Read(packed), DataKeys()))
