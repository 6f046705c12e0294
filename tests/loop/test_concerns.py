"""Limits of a run's claims are reported before it begins, and in its results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.loop.conftest import plain_settings, reference_frames

from ipip.config.run import RunSettings
from ipip.data import Frame, write_frames
from ipip.stages.work.concerns import find_concerns
from ipip.stages.work.reference_frames import read_reference
from ipip.views.results import write_results


def concerns(folder: Path, frames: list[Frame], key: str | None, **changes: Any) -> list[str]:
    """Return the concerns of a run with these labels, of which 8 are held out."""
    write_frames(folder / "labels.xyz", frames)
    data = {"path": str(folder / "labels.xyz"), "keys": {"group": key}}
    values = plain_settings(folder) | {"finetune": {"stress_weight": 0.0}} | changes
    values["reference"] = {"data": [data], "split": {"valid": 4, "test": 8}}
    settings = RunSettings.model_validate(values)
    return find_concerns(settings, read_reference(settings.reference, settings.elements, seed=1))


def grouped(size: int, stress: bool = False) -> list[Frame]:
    """Forty labelled cells, `size` of each trajectory."""
    tensor = 0.01 * np.eye(3) if stress else None
    return [
        frame.replace(info={"traj": index // size}, stress=tensor)
        for index, frame in enumerate(reference_frames(40, seed=1))
    ]


def walk(count: int) -> list[Frame]:
    """Frames that follow one another: a random walk of the atoms."""
    rng = np.random.default_rng(1)
    frame = reference_frames(1, seed=1)[0]
    frames = []
    for _ in range(count):
        frame = frame.replace(positions=frame.positions + 0.05 * rng.normal(size=(8, 3)), info={})
        frames.append(frame)
    return frames


def test_enough_trajectories_are_no_concern(tmp_path: Path) -> None:
    assert concerns(tmp_path, grouped(1), "traj") == []
    assert concerns(tmp_path, grouped(1), None) == []  # each independent frame is a separate group


def test_two_charges_of_one_composition_are_a_concern(tmp_path: Path) -> None:
    frames = [
        frame.replace(info={"traj": index, "charge": -(index // 2 % 2)})
        for index, frame in enumerate(reference_frames(40, seed=1))
    ]
    (found,) = concerns(tmp_path, frames, "traj")
    assert "have different states: charge" in found


@pytest.mark.parametrize(("size", "told"), [(10, "1 trajectory is"), (4, "2 trajectories are")])
def test_too_few_held_out_trajectories_are_reported_with_a_remedy(
    size: int, told: str, tmp_path: Path
) -> None:
    (found,) = concerns(tmp_path, grouped(size), "traj")
    assert f"{told} too few for an interval (at least 6)" in found
    assert "will make no claim that a student is better than the teacher" in found
    assert "reference.split.test" in found


def test_a_trajectory_without_a_key_is_reported_with_a_remedy(tmp_path: Path) -> None:
    (found,) = concerns(tmp_path, walk(40), None)
    assert "follow one another like a trajectory" in found and "split one by one" in found
    assert "keys.group: traj" in found and "no difference will be claimed" in found


def test_constant_pressure_that_is_not_trained_or_not_tested_is_reported(tmp_path: Path) -> None:
    npt = {"student_md": plain_settings(tmp_path)["student_md"] | {"ensemble": "npt"}}
    taught = {"stress_weight": 100.0}
    assert concerns(tmp_path, grouped(1, stress=True), "traj") == []  # the box stays
    trained = {"finetune": taught, "pretrain": taught}
    assert concerns(tmp_path, grouped(1, stress=True), "traj", **npt, **trained) == []
    first, second = concerns(tmp_path, grouped(1, stress=True), "traj", **npt)
    assert "finetune.stress_weight is 0, although 28 training frames have a stress" in first
    assert first.startswith("student_md runs at constant pressure")
    assert "pretrain.stress_weight is 0" in second
    lacking = concerns(tmp_path, grouped(1), "traj", **npt, pretrain=taught)
    assert "no training frame has a stress" in lacking[0]
    assert "no held-out frame has a stress: the pressure is untested" in lacking[1]
    stability = {"stability": {"runs": 1, "md": npt["student_md"]}}
    assert "stability.md runs at" in concerns(tmp_path, grouped(1), "traj", **stability)[0]


def test_a_barostat_in_a_deck_of_ones_own_counts(tmp_path: Path) -> None:
    deck = tmp_path / "deck.lmp"
    md = plain_settings(tmp_path)["student_md"] | {"deck": str(deck)}
    deck.write_text("fix nothing all nve\n# fix move all npt temp 1 1 1 iso 1 1 1\n")
    assert concerns(tmp_path, grouped(1), "traj", student_md=md) == []
    deck.write_text("fix {{ name }} all npt temp 300 300 100 iso 1 1 1000\n")
    assert (
        "no training frame has a stress" in concerns(tmp_path, grouped(1), "traj", student_md=md)[0]
    )


def test_a_run_with_one_held_out_trajectory_claims_nothing(copied: tuple[Path, Path]) -> None:
    _, folder = copied
    page = write_results(folder)
    summary = json.loads((folder / "summary.json").read_text())
    reason = "1 trajectory is too few for an interval (at least 6)"
    assert summary["intervals"] == {
        "over": "trajectories",
        "count": 1,
        "least": 6,
        "withheld": reason,
    }
    for word in ("beats", "worse than the teacher", "Iterating helped", "Iterating cost"):
        assert word not in summary["verdict"]
    assert reason in summary["verdict"]
    text = page.read_text()
    assert f"No intervals: {reason}" in text and "95 % interval over" not in text
    assert "The held-out part: 1 trajectory is too few" in text
