"""The commands of docs/own-system.md, with a foundation potential, GFN1-xTB and few small steps."""

from __future__ import annotations

import json
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml

from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.config.teacher import TeacherSettings
from ipip.data import read_frames


def blocks(repository: Path, language: str) -> list[str]:
    text = (repository / "docs" / "own-system.md").read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def shrink(path: Path) -> None:
    """Keep what `ipip init` wrote, at its smallest size."""
    values = yaml.safe_load(path.read_text())
    values["rounds"] = 0
    values["reference"]["split"] = {"valid": 2, "test": 2}
    values["systems"][0] |= {"species": {"CH3OH": 1}, "density": 0.2, "runs": 4}
    values["teacher"]["workers"] = 1
    values["teacher_md"] |= {"steps": 4, "frame_interval": 2, "relax_steps": 2}
    values["student"] = {"channels": 16, "layers": 1}
    values["pretrain"]["max_epochs"] = values["finetune"]["max_epochs"] = 2
    values["stability"] = {"runs": 1}
    values["student_md"] |= {"steps": 20}
    values["speed"] = {"replicate": [1, 1, 1], "student_steps": 10, "teacher_calls": 1}
    path.write_text(yaml.safe_dump(values))


def test_the_level_of_the_page_is_valid(repository: Path) -> None:
    (level,) = blocks(repository, "yaml")
    TeacherSettings.model_validate(yaml.safe_load(level))


@pytest.mark.slow
def test_methanol_from_its_name_to_a_first_student(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package, extra in (("sevenn", "sevennet"), ("tblite", "xtb")):
        if find_spec(package) is None:
            pytest.skip(f"{package} is not installed: pip install 'ipip[{extra}]'")
    monkeypatch.chdir(tmp_path)
    (level,) = blocks(repository, "yaml")
    Path("level.yaml").write_text(level)
    (commands,) = blocks(repository, "sh")
    for line in commands.splitlines():
        program, *arguments = shlex.split(line)
        assert program == "ipip" and main(arguments) == 0, line
        if arguments[0] == "init":
            assert load_settings(Path("methanol.yaml"), RunSettings).elements == ["C", "H", "O"]
            shrink(Path("methanol.yaml"))
    labels = read_frames("labels.xyz")
    assert len(labels) == 8 and len({frame.info["traj"] for frame in labels}) == 4
    record = json.loads(Path("frames.xyz.explore/explore.json").read_text())
    assert record["features"] == "the teacher (sevennet)"
    summary = json.loads(Path("methanol-run/summary.json").read_text())
    assert summary["teacher"]["test"]["force_mae_ev_per_a"] > 0.01  # two levels of theory
    assert Path("methanol-run/best/student.pt").is_file()
