"""GFN-xTB by tblite as a cheap reference level."""

import importlib.util

import numpy as np
import pytest
from ase.build import molecule

from ipip.config.teacher import TeacherSettings
from ipip.data.frame import Frame
from ipip.teachers import Teacher


def test_xtb_labels_molecules_and_periodic_cells(second_environment, tmp_path):
    python = None
    if importlib.util.find_spec("tblite") is None:
        python = second_environment("tblite>=0.4")
    settings = TeacherSettings(
        kind="tblite", arguments={"electronic_temperature": 2000.0}, interpreter=python
    )
    water = Frame.from_atoms(molecule("H2O"))
    cell = water.replace(cell=np.eye(3) * 6.0, pbc=np.ones(3, dtype=bool))
    step, moved = 0.005, []
    for sign in (1, -1):
        positions = water.positions.copy()
        positions[1, 1] += sign * step
        moved.append(water.replace(positions=positions))
    with Teacher(settings, tmp_path) as teacher:
        assert teacher.info.model == "GFN2-xTB" and "tblite" in teacher.info.versions
        alone, periodic, up, down = teacher.label([water, cell, *moved])
    assert alone.stress is None and periodic.stress.shape == (3, 3)
    assert alone.forces[1, 1] == pytest.approx(-(up.energy - down.energy) / (2 * step), abs=2e-3)
    assert abs(periodic.energy - alone.energy) < 0.5
