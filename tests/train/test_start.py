"""A training starts with what its first step needs."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import ipip.cli.train, ipip.cli.train_plan, ipip.cli.error_table, ipip.train.run
late = ("lightning", "torch_geometric", "torch._dynamo", "tensorboard", "plotly", "matplotlib",
    "scipy.stats")
print([name for name in late if name in sys.modules])
"""


def test_what_plots_logs_and_compiles_is_not_imported_at_the_start() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True
    )
    assert ended.stdout.strip() == "[]"
