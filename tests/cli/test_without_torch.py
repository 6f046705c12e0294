"""Decks, calculators and analysis without PyTorch: nothing imports it, and nothing misses it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from ase.build import molecule
from ase.cluster import Icosahedron
from ase.io import write
from tests.cli.conftest import write_inputs
from tests.cli.light_environment import LightEnvironment, make_light_environment
from tests.small_box import small_box

import ipip
from ipip.cli.main import NEED_TRAINING, VERBS, main
from ipip.data import Frame, read_frames, write_frames
from ipip.evaluation import label_frames, metrics, open_student
from ipip.models import build_student

VERSION1 = Path(__file__).parent.parent / "export" / "version1" / "visnet.pt"
HEAVY = ("torch", "torch_geometric", "lightning", "tensorboard")

# The process itself reports, after its work and before it ends.
PROBE = f"""
import json, sys
from pathlib import Path
from ipip.cli.main import main
status = main(sys.argv[2:])
modules = [name for name in {HEAVY!r} if name in sys.modules]
maps = {{Path(line.split()[-1]).name for line in open("/proc/self/maps")}}
libraries = [n for n in maps if n.startswith(("libtorch", "libc10", "libipip_torch"))]
Path(sys.argv[1]).write_text(json.dumps([modules, libraries]))
sys.exit(status)
"""


def dump_text() -> str:
    """Twenty frames of eight atoms that shake on a grid; two collide at the end."""
    text = ""
    grid = np.array([[i, j, k] for i in range(2) for j in range(2) for k in range(2)]) * 3.0
    for step in range(0, 200, 10):
        points = grid + np.random.default_rng(step).normal(scale=0.15, size=(8, 3))
        if step > 170:
            points[1] = points[0] + [0.4, 0.0, 0.0]
        text += f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n8\nITEM: BOX BOUNDS pp pp pp\n"
        text += "0 6\n0 6\n0 6\nITEM: ATOMS id type element x y z\n"
        for k, (x, y, z) in enumerate(points):
            text += f"{k + 1} {1 + k % 2} {('Mo', 'S')[k % 2]} {x:.6f} {y:.6f} {z:.6f}\n"
    return text


def labelled() -> list[Frame]:
    """Clusters and a periodic box with made-up labels."""
    rng = np.random.default_rng(3)
    frames = []
    for index in range(6):
        n = 6 + index
        frames.append(
            Frame(
                numbers=rng.choice([8, 16, 42], n),
                positions=np.argwhere(np.ones((3, 3, 3)))[:n] * 2.2 + rng.normal(0, 0.1, (n, 3)),
                cell=np.eye(3) * 7.0,
                pbc=np.array([index % 2 == 0] * 3),
                energy=float(rng.normal()),
                forces=rng.normal(size=(n, 3)),
                info={"config_type": ("a", "b")[index % 2]},
            )
        )
    return frames


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Students, data and a finished run."""
    folder = tmp_path_factory.mktemp("light")
    symbols = ["Mo", "S", "O"]
    kinds: dict[str, dict[str, object]] = {"painn": {}, "calm": {}, "wall": {"zbl": True}}
    for name, arguments in (kinds | {"visnet": {"attention_heads": 4}}).items():
        architecture = "visnet" if name == "visnet" else "painn"
        student = build_student(
            architecture, symbols, seed=7, channels=8, layers=2, dtype="float64", **arguments
        )
        student.set_energy_scale([-3.0, -2.0, -1.0], 1e-3 if name in ("calm", "wall") else 1.3, 0.1)
        ipip.save_student(student, folder / f"{name}.pt")
    write_frames(folder / "labels.xyz", labelled())
    (folder / "md.dump").write_text(dump_text())
    box = small_box()
    write_frames(folder / "box.xyz", [box])
    write(folder / "so2.xyz", molecule("SO2"))
    write(folder / "copper.xyz", Icosahedron("Cu", 2)[:7])
    (folder / "level.yaml").write_text("kind: ase\nimport_path: ase.calculators.emt:EMT\n")
    short = {"max_epochs": 1, "batch_size": 2, "tensorboard": False}
    config = write_inputs(
        folder,
        rounds=0,
        teacher_md={"temperature": 30.0, "steps": 8, "frame_interval": 2},
        student={"channels": 8, "layers": 1, "cutoff": 5.0},
        pretrain=short,
        finetune=short,
        stability={"runs": 0},
        speed={"replicate": [1, 1, 1], "student_steps": 10, "teacher_calls": 1},
    )
    assert main(["run", str(config), "--dir", str(folder / "run")]) == 0
    return folder


@pytest.fixture(scope="module")
def light(tmp_path_factory: pytest.TempPathFactory) -> LightEnvironment:
    """An environment without PyTorch."""
    return make_light_environment(tmp_path_factory.mktemp("environment"))


COMMANDS = {
    "help": ["--help"],
    "info": ["info", "painn.pt"],
    "info of a student without kernels": ["info", "visnet.pt"],
    "info of version 1": ["info", str(VERSION1)],
    "eval": ["eval", "painn.pt", "labels.xyz", "--json", "--out", "OUT/eval"],
    "harvest": ["harvest", "md.dump", "--student", "painn.pt", "--symbols", "Mo,S", "--frames", "4",
                "--dir", "OUT/harvest", "--json"],
    "species": ["species", "md.dump", "--dir", "OUT/species", "--json"],
    "stability": ["stability", "calm.pt", "--start", "box.xyz", "--runs", "1", "--steps", "20",
                  "--temperature", "300", "--workers", "1", "--dir", "OUT/stability", "--json"],
    "uncertainty": ["uncertainty", "painn.pt", "labels.xyz", "--out", "OUT/uncertain.pt", "--json"],
    "physics": ["physics", "wall.pt", "--quick", "--elements", "S,O", "--dir", "OUT/physics",
                "--json"],
    "status": ["status", "run"],
    "status as JSON": ["status", "run", "--json"],
    "report": ["report", "run"],
    "ledger": ["ledger", "run", "--json"],
    "gc": ["gc", "run", "--dry-run"],
    "label": ["label", "level.yaml", "copper.xyz", "--out", "OUT/labelled.xyz", "--json"],
    "sample": ["sample", "level.yaml", "copper.xyz", "--out", "OUT/drawn.xyz", "--json", "--steps",
               "2", "--frames", "3", "--temperature", "5000"],
    "convert": ["convert", "labels.xyz", "OUT/labels.db"],
    "init": ["init", "OUT/my.yaml", "--labels", "labels.xyz"],
}  # fmt: skip
# Times and paths differ from call to call, and so do MD trajectories in their last digits.
STATUS = {"physics": 1}  # the student only repels, which a check finds
SAME = ("info", "info of a student without kernels", "info of version 1", "eval", "harvest",
        "species", "status", "status as JSON", "ledger", "gc")  # fmt: skip


def command(name: str, out: Path) -> list[str]:
    return [word.replace("OUT", str(out)) for word in COMMANDS[name]]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_verb_that_does_not_train_imports_no_torch_and_misses_none(
    folder: Path, light: LightEnvironment, tmp_path: Path, name: str
) -> None:
    (tmp_path / "with").mkdir()
    (tmp_path / "without").mkdir()
    probe = [sys.executable, "-c", PROBE, tmp_path / "seen.json"]
    done = subprocess.run(
        [*probe, *command(name, tmp_path / "with")],
        cwd=folder, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == STATUS.get(name, 0), done.stderr
    assert json.loads((tmp_path / "seen.json").read_text()) == [[], []]
    status, output, errors = light.run("ipip", *command(name, tmp_path / "without"), cwd=folder)
    assert status == STATUS.get(name, 0), errors
    if name in SAME:
        assert output.replace("without", "with") == done.stdout
    else:
        assert len(output.splitlines()) == len(done.stdout.splitlines())


def test_figures_without_torch_match_the_network(
    folder: Path, light: LightEnvironment, tmp_path: Path
) -> None:
    frames = read_frames(folder / "labels.xyz")
    network, _ = open_student(folder / "painn.pt", backend="eager")
    expected = metrics(frames, label_frames(network, frames))
    status, output, errors = light.run("ipip", *command("eval", tmp_path), cwd=folder)
    assert status == 0, errors
    found = json.loads(output)
    for key in ("force_mae_ev_per_a", "force_rmse_ev_per_a", "energy_mae_mev_per_atom"):
        assert found[key] == pytest.approx(expected[key], rel=1e-7)
    assert found["by_element"].keys() == expected["by_element"].keys()


PYTHON = """
import json, sys
from ase.io import read
import ipip
atoms = read("so2.xyz")
atoms.calc = ipip.IpipCalculator("painn.pt")
(one,) = ipip.predict("painn.pt", [atoms])
(mean,) = ipip.predict(["painn.pt", "calm.pt"], [atoms])
(rows,) = ipip.descriptors("painn.pt", [atoms])
print(json.dumps([
    atoms.get_potential_energy(), atoms.get_forces().tolist(), one.energy, mean.energy,
    mean.spread.forces.tolist(), rows.tolist(), ipip.read_metadata("visnet.pt").architecture,
    [name for name in sys.modules if "torch" in name],
]))
"""


def test_calculators_and_predictions_in_python_match_the_network(
    folder: Path, light: LightEnvironment
) -> None:
    status, output, errors = light.run("python", "-c", PYTHON, cwd=folder)
    assert status == 0, errors
    energy, forces, one, mean, spread, rows, architecture, modules = json.loads(output)
    assert architecture == "visnet" and modules == []
    atoms = molecule("SO2")
    networks = [ipip.load_student(folder / f"{name}.pt") for name in ("painn", "calm")]
    atoms.calc = ipip.IpipCalculator(folder / "painn.pt", backend="eager")
    assert energy == pytest.approx(atoms.get_potential_energy(), rel=1e-9) == one
    np.testing.assert_allclose(forces, atoms.get_forces(), atol=1e-7)
    (expected,) = ipip.predict(networks, [atoms])
    assert expected.spread is not None and mean == pytest.approx(expected.energy, rel=1e-9)
    np.testing.assert_allclose(spread, expected.spread.forces, atol=1e-7)
    np.testing.assert_allclose(rows, ipip.descriptors(networks[0], [atoms])[0], atol=1e-7)


def test_the_doctor_notes_what_is_not_installed_and_finds_no_fault(
    folder: Path, light: LightEnvironment
) -> None:
    status, output, errors = light.run("ipip", "doctor", "--json", cwd=folder)
    findings = {finding["name"]: finding for finding in json.loads(output)}
    assert status == 0, (errors, [f for f in findings.values() if f["state"] == "fault"])
    training = findings["training"]
    assert training["state"] == "note" and "not installed: torch" in training["value"]
    assert training["remedy"].endswith("'ipip[train]'")
    assert findings["deck, 2 ranks"]["state"] == findings["compiled module"]["state"] == "good"
    part = findings["PyTorch part"]
    assert part["state"] == "good" and part["value"].endswith(", of which none is installed")


@pytest.mark.parametrize("name", NEED_TRAINING)
def test_a_verb_that_trains_says_what_to_install_before_it_does_anything(
    folder: Path, light: LightEnvironment, tmp_path: Path, name: str
) -> None:
    new = str(tmp_path / "new")
    words = {
        "explore": ["config.yaml", "--out", new],
        "relabel": ["labels.xyz", new, "--student", "painn.pt"],
        "pretrain": ["config.yaml", "labels.xyz", "--dir", new],
        "finetune": ["config.yaml", "painn.pt", "--dir", new],
        "export": ["painn.pt", new],
        "validate": ["config.yaml"],
        "plan": ["config.yaml"],
    }
    given = words.get(name, ["config.yaml", "--dir", new])
    status, _, errors = light.run("ipip", name, *given, cwd=folder)
    assert status == 2
    (line,) = errors.splitlines()
    assert line.startswith(f"ipip: ipip {name} needs PyTorch; run: {light.folder}/bin/python -m ")
    assert line.endswith("'ipip[train]'")
    assert not list(tmp_path.iterdir())
    status, output, _ = light.run("ipip", name, "--help", cwd=folder)
    assert status == 0 and "--help" in output


def test_every_verb_is_tried_here_or_needs_training() -> None:
    tried = {words[0] for words in COMMANDS.values()} | {"doctor"}
    others = {"rewind", "task"}  # spoils the run of the others; needs a cluster's
    assert {name for _, name, _ in VERBS} == tried - {"--help"} | set(NEED_TRAINING) | others


@pytest.mark.parametrize(
    "words",
    [
        ["eval", "visnet.pt", "labels.xyz"],
        ["harvest", "md.dump", "--student", "visnet.pt", "--dir", "OUT"],
        ["stability", "visnet.pt", "--start", "box.xyz", "--runs", "1", "--dir", "OUT"],
        ["physics", "visnet.pt", "--dir", "OUT"],
    ],
    ids=lambda words: words[0],
)
def test_a_student_without_kernels_says_what_it_needs(
    folder: Path, light: LightEnvironment, tmp_path: Path, words: list[str]
) -> None:
    given = [word.replace("OUT", str(tmp_path / "out")) for word in words]
    status, _, errors = light.run("ipip", *given, cwd=folder)
    assert status == 2
    (line,) = errors.splitlines()
    assert "visnet.pt (the kernels cannot run it: " in line and "needs PyTorch; run: " in line
    assert line.endswith("'ipip[train]'")


IMPORTS = """
import ipip
for statement in (
    "ipip.build_student", "ipip.load_student", "ipip.save_student",
    "ipip.IpipCalculator('visnet.pt')", "ipip.IpipCalculator('painn.pt', backend='eager')",
    "ipip.predict('visnet.pt', [])",
    "__import__('ipip.train')", "__import__('ipip.models.painn')", "__import__('ipip.network')",
    "__import__('ipip.pretraining.training')",
):
    try:
        eval(statement)
        print(statement, "did not fail")
    except ipip.errors.InputError as error:
        assert isinstance(error, ImportError)
        print(error)
"""


def test_python_says_in_one_sentence_what_to_install(folder: Path, light: LightEnvironment) -> None:
    status, output, errors = light.run("python", "-c", "import ipip.errors" + IMPORTS, cwd=folder)
    assert status == 0, errors
    lines = output.splitlines()
    assert len(lines) == 10
    for line in lines:
        assert "needs PyTorch; run: " in line and line.endswith("'ipip[train]'"), line


def test_torchscript_without_torch_says_what_is_missing(
    folder: Path, light: LightEnvironment
) -> None:
    code = "import ipip; ipip.IpipCalculator('painn.pt', backend='torchscript')"
    status, _, errors = light.run("python", "-c", code, cwd=folder)
    assert status != 0 and "libtorch cannot be used" in errors.splitlines()[-1]


def test_a_torch_of_another_version_stops_nothing_that_runs_on_kernels(
    folder: Path, light: LightEnvironment, tmp_path: Path
) -> None:
    """A torch part is here; the torch beside it is one that its libraries are not of."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("__version__ = '9.9.9'\n")
    for words in (["eval", "painn.pt", "labels.xyz", "--json"], ["info", "painn.pt"]):
        status, output, errors = light.run("ipip", *words, cwd=folder, PYTHONPATH=str(tmp_path))
        assert status == 0 and output, errors


CONTRACT = """
import ipip
from ase.build import molecule
from ipip.testing import check_calculator
report = check_calculator(lambda: ipip.IpipCalculator("painn.pt"), molecule("SO2"), cutoff=5.0,
                          layers=2)
print(len(report.passed))
try:
    ipip.testing.check_student
except ipip.errors.InputError as error:
    print(error)
"""


def test_contracts_of_calculators_need_no_torch_and_those_of_students_say_so(
    folder: Path, light: LightEnvironment
) -> None:
    status, output, errors = light.run("python", "-c", CONTRACT, cwd=folder)
    assert status == 0, errors
    number, sentence = output.splitlines()
    assert int(number) > 15
    assert "needs PyTorch; run: " in sentence and sentence.endswith("'ipip[train]'")
