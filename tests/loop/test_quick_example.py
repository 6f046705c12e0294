"""The Mo-S-O quick example, whole: minutes."""

import json
import resource
from importlib.util import find_spec

import pytest

from ipip.cli.main import main

LIMIT_S = 900  # of processor time: then 15 minutes on two cores hold on a busy machine too


def processor_seconds() -> float:
    """Return what this process and its ended children have used."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)


@pytest.mark.slow_example
@pytest.mark.timeout(2 * LIMIT_S)
def test_the_quick_example_shows_a_student_that_got_better(repository, tmp_path, capsys):
    if find_spec("sevenn") is None:
        pytest.skip("the teacher's package sevenn is not installed: pip install 'ipip[sevennet]'")
    config = repository / "examples" / "mo-s-o" / "quick.yaml"
    run = tmp_path / "quick"
    before = processor_seconds()
    assert main(["run", str(config), "--dir", str(run)]) == 0
    assert processor_seconds() - before < LIMIT_S
    printed = capsys.readouterr().out
    assert printed.index("The student of round") < printed.index("\nteacher ")
    summary = json.loads((run / "summary.json").read_text())
    assert [entry["round"] for entry in summary["rounds"]] == [0, 1, 2]
    teacher = summary["teacher"]
    best = summary["rounds"][summary["best_round"]]
    assert best["test"]["force_mae_ev_per_a"] < teacher["test"]["force_mae_ev_per_a"]
    assert best["us_per_atom_step"] < teacher["us_per_atom_step"]
    assert all(entry["failures"]["total"] > 0 for entry in summary["rounds"])
    assert all(entry["new"] > 0 for entry in summary["rounds"])
