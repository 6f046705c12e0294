"""Settings of a student: one set of keys for each architecture."""

import pytest
import yaml

from ipip.config.load import load_settings
from ipip.config.painn import PaiNNSettings
from ipip.config.template import render_template
from ipip.config.train_run import TrainRunSettings
from ipip.config.visnet import ViSNetSettings
from ipip.errors import InputError
from ipip.models import build_student


def load(tmp_path, student):
    path = tmp_path / "train.yaml"
    path.write_text(yaml.safe_dump({"data": [{"path": "labels.xyz"}], "student": student}))
    return load_settings(path, TrainRunSettings).student


def test_the_architecture_decides_which_settings_are_read(tmp_path):
    assert load(tmp_path, {"channels": 16}) == PaiNNSettings(channels=16)
    assert load(tmp_path, {"architecture": "visnet", "lmax": 2}) == ViSNetSettings(lmax=2)
    assert TrainRunSettings(data=[{"path": "labels.xyz"}]).student == PaiNNSettings()


@pytest.mark.parametrize("settings", [PaiNNSettings(), ViSNetSettings(lmax=2)])
def test_settings_survive_being_written_and_build_their_student(tmp_path, settings):
    assert load(tmp_path, settings.model_dump(mode="json")) == settings
    student = build_student(settings.architecture, ["Mo"], **settings.arguments())
    assert student.architecture == settings.architecture


@pytest.mark.parametrize(
    ("student", "message"),
    [
        ({"lmax": 2}, "student: lmax is a key of visnet, the student is painn; remove it or set"),
        (
            {"architecture": "visnet", "radial": "sinc"},
            "student: radial is a key of painn, the student is visnet; remove it or set",
        ),
        ({"architecture": "nequip"}, "architecture is unknown; choose one of painn, visnet"),
        ({"architecture": "visnet", "lmax": 3}, "student.lmax: 3: should be 1 or 2"),
        (
            {"architecture": "visnet", "attention_head": 2},
            "student.attention_head: unknown key; did you mean `attention_heads`?",
        ),
        ({"architecture": "visnet", "channels": 20}, "even and a multiple of attention_heads"),
        ({"architecture": "visnet", "published": True}, "published needs envelope: cosine"),
        ("painn", "student: 'painn': expected a block of"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, student, message):
    with pytest.raises(InputError) as caught:
        load(tmp_path, student)
    assert message in str(caught.value)


def test_a_template_shows_the_keys_of_the_architecture_in_it():
    text = render_template(TrainRunSettings, {"student": {"architecture": "visnet"}}, "title")
    assert "# lmax: 1" in text and "shared_filters" not in text
