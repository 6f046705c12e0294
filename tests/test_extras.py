"""Optional packages: one list, and one sentence where one is missing."""

from __future__ import annotations

import importlib.util
import tomllib
from pathlib import Path

import pytest

from ipip import extras
from ipip.errors import InputError, MissingExtraError
from ipip.extras import OPTIONAL, explained, require_training
from ipip.installation import install_command


def test_each_optional_package_is_in_the_extra_of_pyproject(repository: Path) -> None:
    project = tomllib.loads((repository / "pyproject.toml").read_text())["project"]
    stated = project["optional-dependencies"]
    for one in OPTIONAL:
        assert any(r.startswith(f"{one.distribution}>=") for r in stated[one.extra]), one
    listed = {one.distribution for one in OPTIONAL if one.extra == "train"}
    assert listed == {requirement.partition(">=")[0] for requirement in stated["train"]}
    always = {requirement.partition(">=")[0] for requirement in project["dependencies"]}
    assert not always & {one.distribution for one in OPTIONAL}


def test_a_missing_extra_is_one_sentence_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    require_training("ipip train")  # everything is installed
    find = importlib.util.find_spec
    absent = {"torch"}
    monkeypatch.setattr(
        extras.importlib.util, "find_spec", lambda name: None if name in absent else find(name)
    )
    command = install_command("ipip[train]")
    assert command.endswith("'ipip[train]'")
    with pytest.raises(MissingExtraError) as caught:
        require_training("ipip train")
    assert str(caught.value) == f"ipip train needs PyTorch; run: {command}"
    assert isinstance(caught.value, InputError) and isinstance(caught.value, ImportError)
    absent -= {"torch"}
    absent |= {"tensorboard"}
    with pytest.raises(MissingExtraError, match="ipip train needs tensorboard; run"):
        require_training("ipip train")


def test_an_import_that_fails_for_another_reason_is_unchanged() -> None:
    other = ModuleNotFoundError("No module named 'nonsense'", name="nonsense")
    assert explained(other, "training") is other
    inner = ModuleNotFoundError("No module named 'torch.nothing'", name="torch.nothing")
    assert "training needs PyTorch" in str(explained(inner, "training"))
