"""Each check of students sees the faults that it is for; a student of a few lines passes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from ipip import save_student
from ipip.errors import InputError
from ipip.models import ARCHITECTURES, build_student
from ipip.testing import ContractError, calculator_checks, check_student, student_checks
from tests.testing.networks import FAULTS, Tiny
from tests.testing.potentials import Smooth
from tests.testing.test_calculator_faults import structure

SYMBOLS = ["Mo", "S", "O"]


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Register the architecture with ipip, as a user does."""
    monkeypatch.setitem(ARCHITECTURES, "tiny", Tiny)


def tiny(fault: str = "") -> Tiny:
    torch.manual_seed(3)
    return Tiny(SYMBOLS, channels=8 if fault == "arguments" else 6, fault=fault)


def test_a_student_that_is_brought_along_passes() -> None:
    student = tiny()
    before = {name: value.clone() for name, value in student.state_dict().items()}
    report = check_student(student)
    assert not report.left_out and len(report.passed) == len(student_checks(student))
    assert all(torch.equal(before[name], value) for name, value in student.state_dict().items())


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(fault: str) -> None:
    checks = student_checks(tiny(fault))
    for name in FAULTS[fault]:
        failed = []
        for check in (c for c in checks if c.name == name):
            try:
                check()
            except ContractError as error:
                failed.append(str(error))
        assert failed, name
        assert all(line.startswith(name) and "raised" not in line for line in failed)


def test_every_check_of_students_detects_a_fault() -> None:
    physics = {c.name for c in calculator_checks(Smooth, structure())}
    shown = {name for names in FAULTS.values() for name in names}
    assert shown >= {check.name for check in student_checks(tiny())} - physics


def test_an_architecture_that_no_file_can_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    student = tiny()
    monkeypatch.delitem(ARCHITECTURES, "tiny")
    with pytest.raises(InputError, match=r"add it: ipip.models.ARCHITECTURES\['tiny'\] = Tiny"):
        check_student(student)
    with pytest.raises(InputError, match="student is a Linear; expected an object"):
        check_student(torch.nn.Linear(2, 2))  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"spread is -1\.0; expected 0 or more"):
        check_student(build_student("painn", SYMBOLS), spread=-1.0)


def test_a_student_without_a_citation_is_refused_before_lammps_does(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Tiny, "citation", "")
    with pytest.raises(InputError, match="Tiny has no citation; set `citation` in its class"):
        save_student(tiny(), tmp_path / "student.pt")
    assert not list(tmp_path.iterdir())
