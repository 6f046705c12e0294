"""Settings files: their contents, and how faults are reported."""

import copy
import pickle
from pathlib import Path

import pytest
import yaml

from ipip.config.load import load_settings
from ipip.config.quick import quick_values, write_quick_template
from ipip.config.run import RunSettings
from ipip.config.stability import StabilityProtocol
from ipip.config.template import render_template
from ipip.config.training import TrainingSettings
from ipip.errors import InputError


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "config.yaml"
    write_quick_template(path)
    return path


def refusal(path: Path) -> str:
    with pytest.raises(InputError) as caught:
        load_settings(path, RunSettings)
    return str(caught.value)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_the_template_is_the_quick_example(config, repository):
    values = load_settings(config, RunSettings)
    plain = values.model_dump(mode="json", exclude={"reference"})
    expected = RunSettings.model_validate(quick_values())
    assert plain == expected.model_dump(mode="json", exclude={"reference"})
    example = repository / "examples" / "mo-s-o" / "quick.yaml"
    assert config.read_text() == example.read_text(), (
        "the schema changed: ipip init examples/mo-s-o/quick.yaml --example --force"
    )


def test_the_template_shows_every_key(config):
    text = config.read_text()
    for block in RunSettings.model_fields:
        assert f"\n{block}:" in text or f"\n# {block}:" in text
    for key in ("ring_interval", "distance_factor", "max_epochs", "interpreter", "tolerance"):
        assert f"# {key}:" in text or f" {key}:" in text


def test_a_block_of_defaults_stays_a_comment():
    text = render_template(RunSettings, {"seed": 3}, "title")
    assert yaml.safe_load(text) == {"seed": 3}


def test_relative_paths_are_relative_to_the_file(config):
    settings = load_settings(config, RunSettings)
    assert settings.reference.data[0].path == config.parent / "data" / "mso_pbe_d3.xyz"


def test_an_interpreter_given_by_a_link_is_not_followed(config, tmp_path):
    (tmp_path / "python").symlink_to("/bin/sh")
    edit(config, "  kind: sevennet", "  interpreter: python\n  kind: sevennet")
    assert load_settings(config, RunSettings).teacher.interpreter == tmp_path / "python"


def test_an_unknown_key_comes_with_its_line_and_a_suggestion(config):
    edit(config, "temperature: 1200.0", "temprature: 1200.0")
    line = 1 + config.read_text().split("temprature")[0].count("\n")
    assert refusal(config) == (
        f"{config}:{line}: systems[0].temprature: unknown key; did you mean `temperature`?"
    )


def test_every_problem_is_one_line(config):
    edit(config, "rounds: 2", "rounds: two")
    edit(config, "workers: 2", "workers: 0")
    edit(config, "elements: [Mo, S, O]", "elements: [Mo, S, Xx]")
    lines = refusal(config).splitlines()
    assert len(lines) == 3
    assert "rounds: 'two': should be a valid integer (" in lines[0]
    assert "elements: 'Xx' is not a chemical symbol" in lines[1]
    assert "teacher.workers: 0: should be greater than or equal" in lines[2]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("rounds: 2", "rounds: 2\nrounds: 3", "rounds: is given twice"),
        ("seed: 1", "seed: [1", "not valid YAML"),
        ("elements: [Mo, S, O]", "elements: []", "elements: []: expected at least 1 entry (chem"),
        ("box: 10.0", "box: -3.0", "box is -3.0"),
        ("name: 1Mo3O9-2S2", "name: 1Mo3O9-1S2", "two systems are called '1Mo3O9-1S2'"),
        ("valid: 12", "valid: 0", "validation frames are needed"),
        ("rounds: 2", "rounds: 2\nstop: {rollback_on_physics: true}", "physics is null, so"),
    ],
)
def test_what_cannot_be_is_refused(config, old, new, message):
    edit(config, old, new)
    assert message in refusal(config)


def test_a_missing_block_is_named(config):
    text = config.read_text().replace("\nsystems:", "\nsystens:")
    config.write_text(text)
    message = refusal(config)
    assert "systems: is missing (systems that teacher and student explore)" in message
    assert "systens: unknown key; did you mean `systems`?" in message


def test_no_file_no_content_no_mapping(tmp_path):
    assert "ipip init" in refusal(tmp_path / "none.yaml")
    (tmp_path / "empty.yaml").write_text("# nothing\n")
    assert "is empty" in refusal(tmp_path / "empty.yaml")
    (tmp_path / "list.yaml").write_text("- 1\n")
    assert "`key: value`" in refusal(tmp_path / "list.yaml")


@pytest.mark.parametrize(
    ("values", "told"),
    [
        (
            {"max_epochs": 0},
            "TrainingSettings: max_epochs: 0: should be greater than or equal",
        ),
        ({"max_epoch": 3}, "TrainingSettings: max_epoch: unknown key; did you mean `max_epochs`?"),
        ({"batch_size": "many"}, "TrainingSettings: batch_size: 'many': should be a valid integer"),
    ],
)
def test_settings_made_in_python_are_reported_as_in_a_file(
    values: dict[str, object], told: str
) -> None:
    with pytest.raises(InputError) as caught:
        TrainingSettings(**values)  # type: ignore[arg-type]
    assert str(caught.value).startswith(told)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__


def test_a_block_within_settings_made_in_python_names_the_whole_key() -> None:
    with pytest.raises(InputError, match=r"StabilityProtocol: md\.steps: -1: should be greater"):
        StabilityProtocol(system={"file": "a.xyz"}, md={"steps": -1})  # type: ignore[arg-type]
    settings = StabilityProtocol(system={"file": "a.xyz"})  # type: ignore[arg-type]
    assert pickle.loads(pickle.dumps(settings)) == settings == copy.deepcopy(settings)
