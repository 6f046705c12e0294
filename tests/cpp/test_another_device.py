"""The path of a GPU, on torch's "lazy" device: its tensors are not in main memory, as far as torch
lets anybody see, and mixing them with others is an error. A machine without a GPU has it too."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ipip import save_student
from ipip.models import Student

# The device is started once per process and stays, so the script has a separate one. The student
# is small: the device does not index tensors by tensors, as PaiNN and ViSNet do.
SCRIPT = """
import sys
from pathlib import Path
import numpy as np, torch
import torch._lazy.ts_backend
from torch import Tensor, nn
from ipip.native import core as _core, load_operators
from tests.cpp.test_candidates import a_crystal, candidates, points
from tests.scripted_file import write_module

torch._lazy.ts_backend.init()
torch.set_num_threads(1)
load_operators()



class Density(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 2.5, 3.5], dtype=torch.float64))

    def forward(
        self, species: Tensor, edge_index: Tensor, edge_vec: Tensor, n_local: int
    ) -> Tensor:
        i, j = edge_index[0], edge_index[1]
        decay = torch.exp(-(edge_vec * edge_vec).sum(1))
        zeros = torch.zeros(n_local, dtype=edge_vec.dtype, device=edge_vec.device)
        weight = self.weight.index_select(0, species)
        density = zeros.index_add(0, i, weight.index_select(0, j) * decay)
        columns = torch.ones(1, 32, dtype=density.dtype, device=density.device)
        rows = torch.ops.ipip.halo_exchange(density.unsqueeze(1) * columns).sum(1)
        second = zeros.index_add(0, i, rows.index_select(0, j) * decay)
        return (density + second * second).unsqueeze(1)


path = sys.argv[1]
write_module(Density(), Path(path))
atoms = a_crystal()
n = len(atoms)
given, shifts = candidates(atoms, 5.0)
halo = {**given, "species": np.tile(given["species"], 2)}
halo["rows"] = given["rows"] + n * (np.arange(len(given["rows"])) >= n)


def results(device):
    student = _core.Student(path, "torchscript", device=device)
    assert student.backend == "torchscript" + " on lazy:0" * (device != "cpu")
    student.warm_up()
    student.set_candidates(**given)
    alone = student.compute_points(points(atoms, given, shifts), atom_virials=True)
    # The same atoms again as halo rows, each a copy of its owner's.
    with _core.GatherHalo(n, list(range(n))):
        student.set_candidates(**halo)
        shown = student.compute_points(points(atoms, given, shifts), atom_virials=True)
    for name in ("forces", "atom_virials"):
        shown[name] = shown[name][:n] + shown[name][n:]
    return alone, shown


(alone, shown), others = results("cpu"), results("lazy:0")
assert np.abs(alone["forces"]).max() > 0.01
for found in (shown, *others):
    for name, values in alone.items():
        size = np.abs(values).max()
        np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-12 * size, err_msg=name)
print("same")
"""


def test_pairs_forces_and_halo_match_the_cpu(
    make_student: Callable[..., Student], repository: Path, tmp_path: Path
) -> None:
    save_student(make_student(), tmp_path / "student.pt")  # two layers of width 32 / 4
    (tmp_path / "script.py").write_text(SCRIPT)  # torch.jit.script reads the source
    done = subprocess.run(
        [sys.executable, tmp_path / "script.py", tmp_path / "student.pt"],
        env={**os.environ, "PYTHONPATH": str(repository)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "same"
