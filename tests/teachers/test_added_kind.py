"""A kind of teacher is one file and one line: one is added to a copy of the package, and labels."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path

import ase
import pytest

import ipip

KIND = '''
"""Morse pairs of ASE."""

from .kind import TeacherKind


class Morse(TeacherKind):
    name = "morse"
    package = "ase"
    distribution = "ase"
    default_model = "soft"
    own_settings = ("modal",)
    knows_states = False

    def open(self, model, spec, arguments):
        from ase.calculators.morse import MorsePotential

        return MorsePotential(epsilon={"soft": 0.5, "hard": 2.0}[model], **arguments)

    def features(self, calculator, structure):
        return structure.get_all_distances().sum(axis=1, keepdims=True)
'''
SCRIPT = """
import json, sys
from pathlib import Path
# The copy, not the package that is installed: no finder but Python's own.
sys.meta_path[:] = [f for f in sys.meta_path if f.__module__.startswith("_frozen_importlib")]
sys.path.insert(0, sys.argv[1])
import numpy as np
from ipip.config.teacher import TeacherSettings
from ipip.data.frame import Frame
from ipip.doctor.teachers import check_teachers
from ipip.teacher_program.kinds import WITH_FEATURES
from ipip.teachers import Teacher

def refusal(**settings):
    try:
        TeacherSettings(**settings)
    except ValueError as error:
        return str(error)

place = np.array([[0.0, 0, 0], [1.3, 0, 0]])
pair = Frame(np.array([6, 6]), place, np.zeros((3, 3)), np.zeros(3, bool))
with Teacher(TeacherSettings(kind="morse", model="hard"), Path(sys.argv[2])) as teacher:
    (labelled,) = teacher.label([pair])
    features = teacher.features([pair])[0]
    info = teacher.info
print(json.dumps({
    "energy": labelled.energy, "force": labelled.forces[1, 0], "features": features.tolist(),
    "model": info.model, "versions": sorted(info.versions), "with": WITH_FEATURES,
    "other": refusal(kind="nonsense"), "modal": refusal(kind="chgnet", modal="PBE"),
    "own": refusal(kind="morse", modal="PBE"), "doctor": check_teachers(Path())[0].value,
}))
"""


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    folder = tmp_path_factory.mktemp("added")
    package = Path(ipip.__file__).parent
    skipped = shutil.ignore_patterns("__pycache__", "*.so", "plugins")
    shutil.copytree(package, folder / "ipip", ignore=skipped)
    kinds = folder / "ipip" / "teacher_program" / "kinds"
    (kinds / "morse.py").write_text(KIND)
    text = (kinds / "__init__.py").read_text()
    for line in ("from .mace import Mace\n", "            Mace(),\n"):
        assert text.count(line) == 1
        text = text.replace(line, line + line.replace("mace", "morse").replace("Mace", "Morse"))
    (kinds / "__init__.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder), str(folder / "logs")],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, object] = json.loads(done.stdout)
    return answer


def test_the_added_kind_labels_in_its_own_process(answer: dict[str, object]) -> None:
    stretch = math.exp(-6.0 * (1.3 - 1.0))  # ASE's rho0 and r0
    assert answer["energy"] == pytest.approx(2.0 * ((1 - stretch) ** 2 - 1), abs=1e-6)
    assert float(answer["force"]) < 0  # type: ignore[arg-type]  # back to the other atom
    assert answer["features"] == [[pytest.approx(1.3)], [pytest.approx(1.3)]]
    assert answer["model"] == "hard" and answer["versions"] == ["ase", "numpy", "python"]


def test_settings_and_messages_list_the_added_kind(answer: dict[str, object]) -> None:
    assert "morse" in answer["with"]  # type: ignore[operator]
    assert "'morse'" in str(answer["other"])
    assert f"morse {ase.__version__}" in str(answer["doctor"])
    assert "modal is for kind 'sevennet' or 'morse' only" in str(answer["modal"])
    assert answer["own"] is None
