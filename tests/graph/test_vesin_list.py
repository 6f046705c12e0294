"""vesin is used without PyTorch, and is complete for later imports."""

from __future__ import annotations

import subprocess
import sys

SCRIPT = """
import sys
from ipip.graph import neighbor_list
pairs, _ = neighbor_list([[0, 0, 0], [1, 0, 0]], [[0] * 3] * 3, [False] * 3, 2.0)
print(pairs.tolist(), "torch" in sys.modules, "vesin" in sys.modules)
import torch, vesin
search = vesin.NeighborList(cutoff=2.0, full_list=True)
points = torch.tensor([[0.0, 0, 0], [1.0, 0, 0]], dtype=torch.float64)
(found,) = search.compute(points=points, box=torch.zeros(3, 3).double(), periodic=False,
                          quantities="P")
print(type(found).__name__, len(found))
"""


def test_torch_is_not_imported_and_vesin_takes_tensors_later() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["[[0, 1], [1, 0]] False False", "Tensor 2"]
