"""Methods of pretraining in a settings file, and refusals."""

from pathlib import Path

import pytest
import yaml

from ipip.config.load import load_settings
from ipip.config.quick import quick_values
from ipip.config.run import RunSettings
from ipip.errors import InputError
from ipip.pipeline.stage_settings import settings_part


def write(folder: Path, method: object, **changes: object) -> Path:
    values = quick_values() | {"rounds": 0} | changes
    values["pretrain"] = values["pretrain"] | {"method": method}
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


def test_a_name_means_the_methods_defaults(tmp_path):
    by_name = load_settings(write(tmp_path, "frad"), RunSettings)
    by_kind = load_settings(write(tmp_path, {"kind": "frad"}), RunSettings)
    assert by_name.pretrain == by_kind.pretrain
    assert by_name.pretrain.method.tau == 0.15


@pytest.mark.parametrize(
    ("method", "changes", "message"),
    [
        (
            "fraud",
            {},
            r"run.yaml:\d+: pretrain.method: 'fraud': .*choose one of labels, hess",
        ),
        ({"kind": "frad", "rows": 2}, {}, r"pretrain.method.rows: unknown key; known keys: kind"),
        ({"kind": "hessian", "rows": 3, "max_calls": 4}, {}, "which take 6 evaluations"),
        ("hessian", {"rounds": 2}, "pretrain.method is hessian and rounds is 2.*rounds: 0"),
        (
            "a2a",
            {"teacher": {"kind": "tblite"}},
            "needs features of the teacher's atoms, and teacher.kind tblite gives none; expected",
        ),
        (
            {"kind": "gpip", "masking": 0, "denoising": 0, "contrast": 0},
            {},
            "there is nothing to learn",
        ),
    ],
)
def test_settings_that_cannot_work_are_refused_before_work(method, changes, message, tmp_path):
    with pytest.raises(InputError, match=message):
        load_settings(write(tmp_path, method, **changes), RunSettings)


def test_only_a_rival_changes_the_keys_of_stages(tmp_path):
    """Results of runs from before there were methods stay valid."""
    labels = load_settings(write(tmp_path, "labels"), RunSettings).pretrain
    known = settings_part(labels)
    assert known == settings_part(labels.training)
    rival = load_settings(write(tmp_path, {"kind": "frad", "tau": 0.1}), RunSettings).pretrain
    assert settings_part(rival) == known | {"method": {**rival.method.model_dump()}}
