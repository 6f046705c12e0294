"""Fine-tuning: frozen parts do not change, and replayed frames keep what was learnt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from ipip.config.training import TrainingSettings
from ipip.data import Frame
from ipip.errors import InputError
from ipip.evaluation import metrics
from ipip.models import Student
from ipip.train import fit, predict
from ipip.train.preparation.replay import align_energies, draw_replay
from ipip.train.records.checkpoints import load_checkpoint
from tests.train.broken_off import assert_same, broken_off_in_second_epoch

OFFSET = {29: 700.0, 79: -300.0}  # eV an atom: another method's zero


def moved(frames: list[Frame]) -> list[Frame]:
    """Return the frames with labels of a method that has another energy zero."""
    return [
        frame.replace(energy=float(frame.energy or 0) + sum(OFFSET[z] for z in frame.numbers))
        for frame in frames
    ]


@pytest.fixture(scope="module")
def pretrained(copper: list[Frame], tmp_path_factory: pytest.TempPathFactory) -> Student:
    """A student of copper and alloys that learnt something."""
    from ipip.models import build_student

    student = build_student("painn", ["Cu", "Au"], seed=3, channels=8, layers=1, cutoff=4.0)
    settings = TrainingSettings(max_epochs=40, learning_rate=1e-2, warmup_steps=10, ema_decay=0.9)
    folder = tmp_path_factory.mktemp("pretrained")
    return fit(student, copper[:32], [], settings, folder, seed=1, progress=False).student


def test_patterns_freeze_layers_and_leave_the_others(
    copper: list[Frame], student: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    chosen = settings.model_copy(update={"freeze": ["embedding*", "messages.0.*"]})
    result = fit(student, copper[:10], [], chosen, tmp_path / "fit", seed=1, progress=False)
    before, after = student.state_dict(), result.student.state_dict()
    kept = {name for name in before if before[name].equal(after[name])}
    frozen = {n for n in before if n.startswith(("embedding.", "messages.0."))}
    assert len(frozen) == 5 and frozen <= kept
    assert {n for n, _ in student.named_parameters()} & kept == frozen
    assert all(p.requires_grad for p in student.parameters())
    again = chosen.model_copy(update={"freeze": []})
    with pytest.raises(InputError, match=r"settings\.freeze was"):
        fit(student, copper[:10], [], again, tmp_path / "fit", seed=1, progress=False)


@pytest.mark.parametrize(
    ("patterns", "message"),
    [
        (
            ["embeding*"],
            r"'embeding\*' matches no parameter of the student; its parts are embedding,",
        ),
        (["*"], r"freeze: \* leaves no parameter to train"),
    ],
)
def test_a_wrong_pattern_is_refused_before_anything_is_written(
    patterns: list[str], message: str, copper: list[Frame], student: Student, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        fit(student, copper, [], TrainingSettings(freeze=patterns), tmp_path / "fit", seed=1)
    assert not (tmp_path / "fit").exists()


def test_a_fine_tuning_starts_with_a_fresh_optimiser(
    copper: list[Frame], pretrained: Student, settings: TrainingSettings, tmp_path: Path
) -> None:
    one = settings.model_copy(update={"max_steps": 1})
    fit(pretrained, copper[:10], [], one, tmp_path / "fit", seed=1, progress=False)
    checkpoint = load_checkpoint(tmp_path / "fit" / "last.ckpt")
    assert int(checkpoint["optimizer"]["step"]) == 1


def test_replayed_energies_are_shifted_to_the_students_zero(
    copper: list[Frame], pretrained: Student
) -> None:
    other = moved(copper)
    aligned = align_energies(pretrained, other)
    misses = metrics(aligned, predict(pretrained, aligned))["energy_mae_mev_per_atom"]
    assert misses < 60.0 < metrics(other, predict(pretrained, other))["energy_mae_mev_per_atom"]
    changes = np.array(
        [(float(a.energy or 0) - float(o.energy or 0)) for a, o in zip(aligned, other, strict=True)]
    )
    counts = np.array([[(f.numbers == z).sum() for z in OFFSET] for f in copper])
    shift = np.linalg.lstsq(counts, changes, rcond=None)[0]
    np.testing.assert_allclose(counts @ shift, changes, atol=1e-9)  # nothing but a shift


def test_replay_keeps_what_a_fine_tuning_forgets(
    copper: list[Frame], pretrained: Student, tmp_path: Path
) -> None:
    alloys = [frame for frame in copper[:32] if (frame.numbers == 79).any()]
    pure = [frame for frame in copper if not (frame.numbers == 79).any()][:8]
    settings = TrainingSettings(max_epochs=60, learning_rate=1e-2, warmup_steps=5, ema_decay=0.9)
    errors = {}
    for name, replay in (("without", []), ("with", draw_replay(moved(alloys), 15, 1.0, seed=2))):
        result = fit(
            pretrained, pure, [], settings, tmp_path / name, seed=1, replay_frames=replay,
            progress=False,
        )  # fmt: skip
        assert result.steps == 60 * -(-(8 + len(replay)) // 5)
        errors[name] = metrics(alloys, predict(result.student, alloys))["force_mae_ev_per_a"]
        own = metrics(pure, predict(result.student, pure))
        assert own["energy_mae_mev_per_atom"] < 30.0  # the other zero is not learnt
    assert errors["with"] < 0.6 * errors["without"]


def test_a_replay_continues_to_the_result_of_an_unbroken_one(
    copper: list[Frame],
    pretrained: Student,
    settings: TrainingSettings,
    tmp_path: Path,
) -> None:

    def run(name: str) -> object:
        return fit(
            pretrained, copper[:8], copper[8:12], settings, tmp_path / name, seed=1,
            replay_frames=moved(copper[12:20]), progress=False,
        )  # fmt: skip

    unbroken = run("a")
    with broken_off_in_second_epoch():
        run("b")
    assert_same(run("b"), unbroken)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="replayed_frames was"):
        fit(pretrained, copper[:8], copper[8:12], settings, tmp_path / "b", seed=1)


def test_a_draw_is_a_part_without_repeats_and_multiplies_weights(copper: list[Frame]) -> None:
    drawn = draw_replay([f.replace(weight=2.0) for f in copper], 10, 0.25, seed=5)
    assert len({frame.energy for frame in drawn}) == 10
    assert {frame.weight for frame in drawn} == {0.5}
    assert len(draw_replay(copper, 1000, 1.0, seed=5)) == len(copper)
    again = draw_replay([f.replace(weight=2.0) for f in copper], 10, 0.25, seed=5)
    assert [f.energy for f in again] == [f.energy for f in drawn]
