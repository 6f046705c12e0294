"""A teacher that cannot start ends with one clear message."""

import importlib.util
import re
import sys
import venv
from pathlib import Path

import pytest

from ipip.config.teacher import TeacherSettings
from ipip.errors import InputError
from ipip.installation import install_command
from ipip.teachers import Teacher, TeacherError


def _open(tmp_path: Path, **settings) -> None:
    with Teacher(TeacherSettings(**settings), tmp_path / "logs"):
        pass


@pytest.mark.parametrize(("kind", "package"), [("chgnet", "chgnet"), ("mace", "mace")])
def test_a_missing_package_names_the_extra(tmp_path, kind, package):
    if importlib.util.find_spec(package) is not None:
        pytest.skip(f"{package} is installed here")
    model = {"model": "small"} if kind == "mace" else {}
    with pytest.raises(InputError, match=re.escape(f"run: {install_command(extra=kind)} (or set")):
        _open(tmp_path, kind=kind, **model)


def test_another_interpreter_without_the_package_says_what_to_install_there(tmp_path):
    venv.create(tmp_path / "other", with_pip=False)
    python = tmp_path / "other" / "bin" / "python"
    with pytest.raises(InputError, match=rf"{python} -m pip install numpy"):
        _open(tmp_path, kind="sevennet", interpreter=python)


def test_another_interpreter_can_run_the_teacher(tmp_path):
    # The same environment through its path: paths of this one's modules are not inherited.
    _open(tmp_path, kind="ase", import_path="ase.calculators.emt:EMT", interpreter=sys.executable)


def test_a_missing_interpreter_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"interpreter /no/such/python does not exist"):
        _open(tmp_path, kind="sevennet", interpreter="/no/such/python")


def test_an_interpreter_that_cannot_be_run_is_refused(tmp_path):
    plain = tmp_path / "python"
    plain.write_text("not a program")
    with pytest.raises(InputError, match="cannot be run"):
        _open(tmp_path, kind="sevennet", interpreter=plain)


def test_a_program_that_is_no_python_is_refused(tmp_path):
    with pytest.raises(TeacherError, match="ended with status"):
        _open(tmp_path, kind="sevennet", interpreter="/bin/true")


def test_an_unknown_module_or_class_is_refused(tmp_path):
    with pytest.raises(InputError, match="'no_such_module' is not installed"):
        _open(tmp_path, kind="ase", import_path="no_such_module:Class")
    with pytest.raises(InputError, match="has no class 'ETM'"):
        _open(tmp_path, kind="ase", import_path="ase.calculators.emt:ETM")
    with pytest.raises(InputError, match="is not an ASE calculator"):
        _open(tmp_path, kind="ase", import_path="fractions:Fraction")
    with pytest.raises(InputError, match=r"with arguments .* raised"):
        _open(
            tmp_path,
            kind="ase",
            import_path="ase.calculators.lj:LennardJones",
            arguments={"directory": 4},
        )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "ase"}, "needs import_path"),
        ({"kind": "ase", "import_path": "emt"}, "expected 'package.module:Class'"),
        ({"kind": "ase", "import_path": "a:B", "model": "x"}, "takes no model"),
        ({"kind": "sevennet", "import_path": "a:B"}, "for kind 'ase' only"),
        ({"kind": "mace"}, "needs model"),
        ({"kind": "chgnet", "modal": "PBE"}, "for kind 'sevennet' only"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        TeacherSettings(**settings)


LAUNCHED = """
import os
from ase.calculators.emt import EMT

wrong = [name for name in ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "WORLD_SIZE") if name in os.environ]
assert not wrong, wrong
assert os.environ["SLURM_NTASKS"] == "65"
"""


def test_a_teacher_is_no_process_of_a_launcher_around_its_run(tmp_path, monkeypatch):
    (tmp_path / "launched.py").write_text(LAUNCHED)
    for name in ("PMI_RANK", "OMPI_COMM_WORLD_RANK", "WORLD_SIZE", "SLURM_NTASKS"):
        monkeypatch.setenv(name, "65")
    _open(tmp_path, kind="ase", import_path="launched:EMT", import_folder=tmp_path)
