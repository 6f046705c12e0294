"""A term of the loss is lines in two files: one is added to a copy of the package, and trains."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import ipip
from ipip import native
from ipip.cli.main import main
from ipip.data import Frame, write_frames
from ipip.export.model_file import load_student

LOSS = "train/loss/label_loss.py"
EDITS = {
    "config/training.py": (
        (
            "    energy_per: Literal",
            '    size_weight: float = Field(0.0, ge=0, description="of norms of forces")\n'
            "    energy_per: Literal",
        ),
    ),
    LOSS: (
        (
            'TERMS = ("energy", "forces", "stress")',
            'TERMS = ("energy", "forces", "stress", "size")',
        ),
        ("settings.stress_weight]", "settings.stress_weight, settings.size_weight]"),
        (
            "    return energies, on_atoms, stresses\n",
            "    size = torch.sqrt((forces * forces).sum(-1, keepdim=True) + 1e-12)\n"
            "    size = size - torch.linalg.vector_norm(batch.forces, dim=-1, keepdim=True)\n"
            "    sizes = LabelTerm(size, weight, on_atoms.count, settings.huber_forces)\n"
            "    return energies, on_atoms, stresses, sizes\n",
        ),
    ),
}
SCRIPT = """
import sys
# The copy, not the package that is installed: no finder but Python's own.
sys.meta_path[:] = [f for f in sys.meta_path if f.__module__.startswith("_frozen_importlib")]
sys.path.insert(0, sys.argv[1])
from ipip.cli.main import main
sys.exit(max(main(["train", f"{name}.yaml", "--quiet"]) for name in sys.argv[2:]))
"""
SETTINGS = """
data: [{path: copper.xyz}]
split: {valid: 5, test: 0}
student: {channels: 8, layers: 2, cutoff: 4.0, dtype: float64}
training:
  {max_epochs: 2, batch_size: 6, warmup_steps: 3, accelerator: cpu, tensorboard: false, MORE}
seed: 3
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package with a term of the norms of forces; its parent folder."""
    folder = tmp_path_factory.mktemp("added")
    copy = folder / "ipip"
    shutil.copytree(Path(ipip.__file__).parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    for built in Path(str(native.core.__file__)).parent.glob("*.so"):
        if not (copy / built.name).exists():
            (copy / built.name).symlink_to(built)
    for name, edits in EDITS.items():
        text = (copy / name).read_text(encoding="utf-8")
        for before, after in edits:
            assert text.count(before) == 1, before
            text = text.replace(before, after)
        (copy / name).write_text(text, encoding="utf-8")
    (folder / "script.py").write_text(SCRIPT)
    return folder


def losses(folder: Path) -> list[float]:
    with open(folder / "metrics.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [float(row[name]) for row in rows for name in ("train_loss", "valid_loss")]


def test_the_added_term_trains_alike_with_kernels_without_and_in_two_processes(
    package: Path, tmp_path: Path, copper: list[Frame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_frames(Path("copper.xyz"), copper)
    settings = {
        "kernels": "size_weight: 2.0, kernels: kernels",
        "eager": "size_weight: 2.0, kernels: eager",
        "two": "size_weight: 2.0",
        "unweighted": "size_weight: 0.0, kernels: kernels",
        "before": "kernels: kernels",
    }
    for name, more in settings.items():
        Path(f"{name}.yaml").write_text(SETTINGS.replace("MORE", more))
    python, torchrun = sys.executable, str(Path(sys.executable).parent / "torchrun")
    script = [str(package / "script.py"), str(package)]
    for command in (
        [python, *script, "kernels", "eager", "unweighted"],
        [torchrun, "--nproc-per-node", "2", *script, "two"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
        assert done.returncode == 0, done.stderr
    assert main(["train", "before.yaml", "--quiet"]) == 0

    kernels = losses(Path("kernels"))
    assert losses(Path("eager")) == pytest.approx(kernels, rel=1e-6)
    assert losses(Path("two")) == pytest.approx(kernels, rel=1e-6)
    assert losses(Path("unweighted")) != pytest.approx(kernels, rel=0.1)
    unweighted, before = (
        load_student(Path(name) / "student.pt").state_dict() for name in ("unweighted", "before")
    )
    assert all(value.equal(before[name]) for name, value in unweighted.items())
