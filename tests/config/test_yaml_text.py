"""YAML of settings is YAML 1.2: element symbols and small numbers keep their meaning."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
import yaml

from ipip.config.load import load_settings
from ipip.config.systems import SystemSettings
from ipip.config.teacher import TeacherSettings
from ipip.config.train_run import TrainRunSettings
from ipip.config.yaml_text import parse_yaml, plain_words, yaml_text
from ipip.errors import InputError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("NO", "NO"),
        ("No", "No"),
        ("Y", "Y"),
        ("N", "N"),
        ("on", "on"),
        ("yes", "yes"),
        ("off", "off"),
        ("1:30", "1:30"),
        ("2026-01-01", "2026-01-01"),
        ("1_000", "1_000"),
        ("1e-3", 1e-3),
        ("2E5", 2e5),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.e-6", -1e-6),
        ("0777", 777),
        ("0o17", 15),
        ("0x1F", 31),
        ("+3", 3),
        (".inf", float("inf")),
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("'1e-3'", "1e-3"),
    ],
)
def test_a_plain_word_is_what_yaml_1_2_says(text: str, value: object) -> None:
    found = parse_yaml(f"key: {text}\n{text}: 1\n")
    assert found["key"] == value and type(found["key"]) in (type(value), type(found["key"]))
    assert isinstance(found["key"], type(value))
    assert found[value] == 1


def test_written_settings_are_read_alike_by_both_versions_of_yaml() -> None:
    values = {
        "texts": ["NO", "y", "1e-3", "0777", ".5", "1:30", "2026-01-01", "null", "5.", "a: b"],
        "numbers": [1e-3, 1e22, 1e-7, 3, True, None],
        "NO": 4,
    }
    text = yaml_text(values)
    assert parse_yaml(text) == values and yaml.safe_load(text) == values
    again = parse_yaml("list: [NO, 'no', 1:30]")
    assert plain_words(again) == [(".list[0]", "NO"), (".list[2]", "1:30")]
    assert parse_yaml(yaml_text(again)) == again


def settings_of(path: Path, text: str, schema: type) -> object:
    path.write_text(text)
    return load_settings(path, schema)


def test_elements_and_molecules_need_no_quotes(tmp_path: Path) -> None:
    system = settings_of(
        tmp_path / "a.yaml",
        "species: {NO: 4}\nbox: 1e1\nperiodic: no\nradii: {N: 1.5, O: .7, Y: 2, No: 2.5}\n",
        SystemSettings,
    )
    assert isinstance(system, SystemSettings)
    assert system.species == {"NO": 4} and system.box == 10.0 and system.periodic is False
    assert system.radii == {"N": 1.5, "O": 0.7, "Y": 2.0, "No": 2.5}
    run = settings_of(
        tmp_path / "b.yaml",
        "data: [{path: a.xyz, where: {kind: no, charge: -1}}]\nelements: [N, Y, No]\n"
        "training: {learning_rate: 1e-3, config_type_weights: {on: 2, no: .5}}\n",
        TrainRunSettings,
    )
    assert isinstance(run, TrainRunSettings)
    assert run.elements == ["N", "Y", "No"] and run.training.learning_rate == 1e-3
    assert run.training.config_type_weights == {"on": 2.0, "no": 0.5}
    assert run.data[0].where == {"kind": "no", "charge": -1.0}


@pytest.mark.parametrize(
    ("text", "schema", "message"),
    [
        (
            "kind: ase\nimport_path: a.b:C\narguments: {compile: no}\n",
            TeacherSettings,
            r":3: arguments: arguments.compile is no; write true or false .* quotes",
        ),
        ("kind: chgnet\nmodel: 0.3\n", TeacherSettings, r":2: model: 0.3: .*; put it in quotes"),
        (
            "data: [{path: a.xyz}]\ntraining: {config_type_weights: {300: 1}}\n",
            TrainRunSettings,
            r":2: training.config_type_weights\[300\]: 300: .* put it in quotes",
        ),
        (
            "data: [{path: a.xyz}]\ntraining: {max_epochs: 1:30}\n",
            TrainRunSettings,
            r":2: training.max_epochs: '1:30': should be a valid integer",
        ),
    ],
)
def test_what_could_mean_two_things_is_refused_with_what_to_do(
    text: str, schema: type, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        settings_of(tmp_path / "a.yaml", text, schema)


def test_texts_that_grow_without_bound_or_run_something_are_refused(tmp_path: Path) -> None:
    bomb = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
        f"{b}: &{b} [{', '.join(10 * ['*' + a])}]\n" for a, b in itertools.pairwise("abcdefghij")
    )
    texts = {
        bomb: "more than 1000000 values with its aliases expanded",
        "a: &a [*a]\n": "more than 1000000 values",
        "a: " + 5000 * "[": "nested too deep",
        f"seed: {6000 * '9'}\n": "digits",
        f"data: !!python/object/apply:os.system ['touch {tmp_path}/ran']\n": "constructor",
    }
    for text, message in texts.items():
        with pytest.raises(InputError, match=rf"a\.yaml(:1)?: not valid YAML: .*{message}"):
            settings_of(tmp_path / "a.yaml", text, TrainRunSettings)
    assert not (tmp_path / "ran").exists()
    assert parse_yaml("a: &a {x: 1}\nb: *a\n") == {"a": {"x": 1}, "b": {"x": 1}}
