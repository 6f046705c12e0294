"""The settings files of examples/mo-s-o: valid, and with the numbers that they promise."""

import json
import shutil
from types import SimpleNamespace

import pytest

from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.config.stability import StabilityProtocol


@pytest.fixture
def example(repository):
    return lambda name: repository / "examples" / "mo-s-o" / f"{name}.yaml"


@pytest.mark.parametrize("name", ["quick", "laptop", "paper"])
def test_the_plan_of_each_example_can_be_made(example, name, capsys, monkeypatch):
    room = SimpleNamespace(total=10**13, used=0, free=10**13)  # paper.yaml needs a big disk
    monkeypatch.setattr(shutil, "disk_usage", lambda path: room)
    assert main(["validate", "--without-teacher", "--json", str(example(name))]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert len(plan["stages"]) == 5 + 7 * {"quick": 2, "laptop": 3, "paper": 3}[name] + (
        name != "quick"
    )
    if name == "paper":
        works = {stage["stage_id"]: stage["work"] for stage in plan["stages"]}
        assert works["round_000/10_explore"].startswith("50 runs of 200000 teacher MD steps")
        assert "100000 frames" in works["round_000/10_explore"]
        assert "100 runs of 50000 student MD steps" in works["round_000/50_evaluate"]


def test_the_paper_example_has_the_papers_numbers(example):
    settings = load_settings(example("paper"), RunSettings)
    (system,) = settings.systems
    assert (system.species, system.box, system.runs) == ({"Mo3O9": 1, "S2": 72}, 55.0, 50)
    for md in (settings.teacher_md, settings.student_md):
        assert (md.temperature, md.timestep, md.thermostat) == (1200.0, 1.0, "nose-hoover")
        assert md.steps * md.timestep == 200_000 and md.steps // md.frame_interval == 2000
    (extra,) = settings.stability.extra
    assert (extra.species, extra.density) == ({"Mo3O9": 1, "S2": 500}, 0.2)
    assert (extra.replicate, extra.runs, settings.stability.runs) == ((2, 2, 2), 100, 0)
    md = settings.stability.md
    assert (md.temperature, md.steps, md.timestep, md.thermostat) == (
        2500.0,
        50_000,
        1.0,
        "langevin",
    )
    assert md.minimize_steps > 0
    iteration = settings.iteration
    assert (iteration.forget_fraction, iteration.kept_labels) == (0.1, "student")
    assert settings.stop.rollback_above is None and settings.stop.min_gain is None
    assert (settings.pretrain.loss, settings.pretrain.energy_per) == ("absolute", "frame")


def test_the_reaction_run_is_the_papers_but_for_its_length(example):
    protocol = load_settings(example("reaction"), StabilityProtocol)
    stability = load_settings(example("stability"), StabilityProtocol)
    assert protocol.system.species == stability.system.species == {"Mo3O9": 1, "S2": 500}
    assert protocol.system.density == stability.system.density == 0.2
    md = protocol.md
    assert (md.temperature, md.timestep, md.thermostat) == (1500.0, 1.0, "nose-hoover")
    assert (protocol.runs, protocol.keep_dumps, md.restart_interval > 0) == (1, "all", True)
