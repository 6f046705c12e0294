"""The ASE calculator, besides the contract of all calculators (testing/)."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.mep import NEB

from ipip import IpipCalculator, read_metadata, save_student
from ipip.errors import InputError
from ipip.export import Metadata
from ipip.models import Student

BACKENDS = ("kernels", "torchscript", "eager")


@pytest.fixture
def model(make_student: Callable[..., Student], tmp_path: Path) -> Path:
    save_student(make_student(), tmp_path / "student.pt")
    return tmp_path / "student.pt"


@pytest.fixture(params=BACKENDS)
def calculator(model: Path, request: pytest.FixtureRequest) -> IpipCalculator:
    return IpipCalculator(model, backend=request.param)


def test_a_molecule_has_no_stress_but_energies(calculator: IpipCalculator) -> None:
    atoms = molecule("SO2")
    atoms.calc = calculator
    assert np.isfinite(atoms.get_potential_energy())
    assert "stress" not in atoms.calc.results
    assert len(atoms.get_potential_energies()) == 3


def test_an_unknown_element_is_named(calculator: IpipCalculator) -> None:
    atoms = molecule("H2O")
    atoms.calc = calculator
    with pytest.raises(InputError, match="holds H"):
        atoms.get_potential_energy()


def shaken(seed: int = 1) -> Atoms:
    atoms = bulk("Mo", cubic=True) * (2, 2, 1)
    atoms.numbers[::3] = 16
    atoms.rattle(0.1, seed=seed)
    return atoms


def test_backends_agree(model: Path) -> None:
    results = []
    for backend in BACKENDS:
        atoms = shaken()
        atoms.calc = IpipCalculator(model, backend=backend)
        atoms.get_forces()
        assert backend in atoms.calc.description
        results.append(atoms.calc.results)
    for other in results[1:]:
        for name, value in results[0].items():
            scale = max(np.abs(value).max(), 1e-3)
            np.testing.assert_allclose(other[name], value, rtol=0, atol=1e-8 * scale)
    assert IpipCalculator(model).description.startswith("kernels")
    assert IpipCalculator(model, backend="fused").description.startswith("kernels")  # an old name


def test_auto_runs_students_that_have_no_kernels(
    make_student: Callable[..., Student], tmp_path: Path
) -> None:
    save_student(make_student("visnet"), tmp_path / "visnet.pt")
    assert IpipCalculator(tmp_path / "visnet.pt").description == "eager"
    with pytest.raises(InputError, match="backend kernels cannot run it"):
        IpipCalculator(tmp_path / "visnet.pt", backend="kernels")


def test_wrong_options_are_reported(model: Path) -> None:
    with pytest.raises(InputError, match="backend is 'fast'; expected one of auto, kernels"):
        IpipCalculator(model, backend="fast")
    with pytest.raises(InputError, match=r"skin is -1.0; expected 0 Å or more"):
        IpipCalculator(model, skin=-1.0)
    with pytest.raises(InputError, match="threads is 0; expected 1 or more"):
        IpipCalculator(model, threads=0)
    with pytest.raises(InputError, match="device is 'tpu'; expected cpu, cuda, cuda:N or emulate"):
        IpipCalculator(model, device="tpu")
    with pytest.raises(InputError, match="it runs on the CPU only"):
        IpipCalculator(model, device="cuda", backend="torchscript")
    with pytest.raises(InputError, match="which runs the kernels"):
        IpipCalculator(model, device="emulate", backend="eager")
    with pytest.raises(InputError, match="there is no such file"):
        IpipCalculator(model.with_name("none.pt"))


def test_a_nan_position_is_reported(calculator: IpipCalculator) -> None:
    atoms = shaken()
    atoms.calc = calculator
    atoms.get_forces()
    atoms.positions[2, 1] = np.nan
    with pytest.raises(InputError, match="atom 2 is at"):
        atoms.get_forces()


def test_a_missing_gpu_is_reported(model: Path) -> None:
    torch = pytest.importorskip("torch")
    if torch.cuda.is_available():
        pytest.skip("a GPU is here")
    with pytest.raises(InputError, match=r"cannot be used|have no GPU here"):
        IpipCalculator(model, device="cuda")
    with pytest.raises(InputError, match="no GPU"):
        IpipCalculator(model, device="cuda", backend="eager")


def test_atoms_at_the_same_place_are_refused(calculator: IpipCalculator) -> None:
    atoms = shaken()
    atoms.calc = calculator
    atoms.get_forces()
    atoms.positions[5] = atoms.positions[2] + atoms.cell[0]
    with pytest.raises(InputError, match="atoms 2 and 5 are at the same place"):
        atoms.get_forces()


def unpickled(calculator: IpipCalculator) -> IpipCalculator:
    return pickle.loads(pickle.dumps(calculator))


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, unpickled])
def test_a_copy_remembers_its_model_and_shares_nothing(
    calculator: IpipCalculator, copied: Callable[[IpipCalculator], IpipCalculator]
) -> None:
    atoms, other = shaken(), shaken(2)
    atoms.calc = calculator
    forces, energy = atoms.get_forces(), atoms.get_potential_energy()
    twin = copied(calculator)
    assert twin.description == calculator.description and twin.metadata == calculator.metadata
    assert twin.results["energy"] == energy  # as at the time of the copy
    other.calc = twin
    assert np.abs(other.get_forces() - forces).max() > 0.01
    np.testing.assert_array_equal(atoms.get_forces(), forces)


def test_a_pickle_holds_no_weights_and_refuses_another_student(
    model: Path, make_student: Callable[..., Student], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(model.parent)
    calculator = IpipCalculator(model.name)
    saved = pickle.dumps(calculator)
    assert len(saved) < 5000 < model.stat().st_size
    monkeypatch.chdir("/")
    assert pickle.loads(saved).metadata == calculator.metadata
    other = make_student()
    other.set_energy_scale([-1.0, -1.0, -1.0])
    save_student(other, model)
    with pytest.raises(InputError, match="the file was changed: create the calculator again"):
        pickle.loads(saved)
    model.unlink()
    with pytest.raises(InputError, match="there is no such file"):
        copy.deepcopy(calculator)


def energy_of(calculator: IpipCalculator) -> float:
    atoms = shaken()
    atoms.calc = calculator
    return float(atoms.get_potential_energy())


def test_a_process_that_is_spawned_takes_a_calculator(model: Path) -> None:
    calculator = IpipCalculator(model)
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(energy_of, calculator).result() == pytest.approx(energy_of(calculator))


def test_joblib_copies_and_hashes_a_calculator(model: Path, tmp_path: Path) -> None:
    joblib = pytest.importorskip("joblib")
    calculator = IpipCalculator(model)
    energy = energy_of(calculator)
    joblib.dump(calculator, tmp_path / "calculator.joblib")
    assert energy_of(joblib.load(tmp_path / "calculator.joblib")) == pytest.approx(energy)
    assert joblib.hash(calculator) == joblib.hash(copy.deepcopy(calculator))


def test_images_of_a_band_may_have_copies_of_one_calculator(model: Path) -> None:
    first, last = shaken(), shaken(3)
    images = [first, *(first.copy() for _ in range(3)), last]
    calculator = IpipCalculator(model)
    forces = []
    for shared in (True, False):
        band = NEB(images, allow_shared_calculator=shared, method="improvedtangent")
        band.interpolate()
        for image in images:
            image.calc = calculator if shared else copy.deepcopy(calculator)
        forces.append(band.get_forces())
    np.testing.assert_allclose(forces[0], forces[1], rtol=0, atol=1e-11)


@pytest.mark.parametrize("backend", ["auto", "eager"])
def test_a_model_that_is_replaced_while_it_is_read_is_refused(
    model: Path,
    tmp_path: Path,
    make_student: Callable[..., Student],
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
) -> None:
    save_student(make_student(cutoff=4.0), tmp_path / "other.pt")

    def read_and_replace(path: str) -> Metadata:
        metadata = read_metadata(path)
        (tmp_path / "other.pt").replace(model)  # as a run does with best/student.pt
        return metadata

    monkeypatch.setattr("ipip.evaluation.students.read_metadata", read_and_replace)
    with pytest.raises(InputError, match=r"student\.pt: was replaced by another student"):
        IpipCalculator(model, backend=backend)
