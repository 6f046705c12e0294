"""Work with programs or runs of its own through a real Slurm: CP2K over ranks, arms of a study."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import yaml

from ipip.config.cp2k import Cp2kSettings
from ipip.config.execution import ExecutionSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import Frame
from ipip.execution.executor import open_executor
from ipip.execution.labels import TaskTeacher
from ipip.execution.listing import list_tasks
from ipip.systems import molecule
from ipip.teachers import Teacher
from tests.execution.slurm import NODES, long, missing_cp2k
from tests.execution.test_slurm import LAST_WORDS, execution, finish
from tests.loop.conftest import without_times
from tests.study.test_study import write_study
from tests.teachers.test_cp2k import CHEAP

pytestmark = [long, pytest.mark.timeout(900), pytest.mark.usefixtures("nothing_is_left")]
# Each rank notes its node and number, and becomes CP2K.
NOTED_CP2K = """#!/bin/bash
[ -z "$PMIX_RANK" ] || echo "$SLURMD_NODENAME $PMIX_RANK $SLURM_NTASKS" >> {noted}
exec cp2k.psmp "$@"
"""


@pytest.fixture(scope="module", autouse=True)
def ranks_of_cp2k():
    """Install what CP2K over MPI ranks needs, before the Slurm is started."""
    if "IPIP_TEST_CLUSTER" in os.environ and (reason := missing_cp2k()) is not None:
        pytest.fail(reason)


def level(command: str | None = None) -> TeacherSettings:
    return TeacherSettings(kind="cp2k", cp2k=Cp2kSettings(**CHEAP, eps_scf=1e-6, command=command))


def test_cp2k_over_the_ranks_of_a_block_gives_the_labels_of_one_process(
    slurm, tmp_path, monkeypatch
):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    atoms = molecule("S2")
    atoms.rotate(33, (1, 2, 3))
    frames = [Frame.from_atoms(atoms)]
    with Teacher(level("cp2k.psmp -s"), tmp_path) as teacher:
        expected = teacher.label(frames)
    program, noted = tmp_path / "cp2k_noted", tmp_path / "noted"
    program.write_text(NOTED_CP2K.format(noted=noted))
    program.chmod(0o755)
    settings = ExecutionSettings(**execution("reference_labels", most_blocks=1))
    with slurm.visible(), open_executor(settings, tmp_path, print) as executor:
        labelled = TaskTeacher(
            level(f"srun --mpi=pmix -n 2 {program} -s"), executor, "reference_labels"
        )
        found = labelled.label(frames)
    assert found[0].energy == pytest.approx(expected[0].energy, abs=1e-6)
    np.testing.assert_allclose(found[0].forces, expected[0].forces, atol=1e-5)
    places = [line.split() for line in noted.read_text().splitlines()]
    assert {rank for _, rank, _ in places} == {"0", "1"}
    assert {count for _, _, count in places} == {"2"}
    assert {node for node, _, _ in places} <= set(NODES)


def test_the_arms_of_a_study_through_slurm_end_as_those_of_the_driver(slurm, tmp_path):
    summaries = []
    for name, own in (("local", None), ("slurm", execution("arms", most_blocks=1))):
        (tmp_path / name).mkdir()
        config = write_study(tmp_path / name)
        _make_small(config, own)
        out = config.parent / "out"
        finish(slurm.start_driver("-c", LAST_WORDS, "study", config, "--dir", out))
        summaries.append(json.loads((out / "study.json").read_text()))
    listed = list_tasks(tmp_path / "slurm" / "out")
    assert [task.kind for task in listed] == ["arm"] * 4
    assert [task.state for task in listed] == ["done"] * 4
    assert without_times(summaries[1]) == without_times(summaries[0])


def _make_small(study: Path, execution: dict | None) -> None:
    """Leave two arms of two seeds, and no protocol; name where arms are run."""
    values = yaml.safe_load(study.read_text())
    values |= {"arms": ["none", "one-shot"], "protocols": []}
    study.write_text(yaml.safe_dump(values))
    run = study.with_name("run.yaml")
    plain = yaml.safe_load(run.read_text())
    run.write_text(yaml.safe_dump(plain | ({} if execution is None else {"execution": execution})))
