"""The deck: ensembles, and the trial of a user's own."""

import numpy as np
import pytest

from ipip.config.md import StudentMDSettings
from ipip.errors import InputError
from ipip.lammps import RunTrajectory, read_verdict
from ipip.lammps.check import check_deck
from ipip.lammps.deck import (
    MODEL_NAME,
    PairCommands,
    place_model,
    student_pair,
    template_text,
)
from ipip.lammps.run import execute


@pytest.mark.parametrize(
    ("thermostat", "coupling"), [("nose-hoover", "iso"), ("langevin", "aniso"), ("langevin", "tri")]
)
def test_npt_lets_the_box_follow_the_pressure(make_run, thermostat, coupling):
    job = make_run(
        ensemble="npt",
        pressure=2e4,
        pressure_damping=100.0,
        pressure_coupling=coupling,
        thermostat=thermostat,
        steps=200,
        frame_interval=100,
    )
    assert execute(job).state == "stable"
    frames = list(RunTrajectory(job.folder).frames([0, 100, 200]))
    volumes = [frame.volume for frame in frames]
    assert volumes[0] == pytest.approx(job.frame.volume, rel=1e-6)
    assert volumes[2] < volumes[1] < volumes[0]  # 20 kbar compress a gas
    ratio = frames[2].cell @ np.linalg.inv(frames[0].cell)
    is_one_scale = np.allclose(ratio, ratio[0, 0] * np.eye(3), atol=1e-6)
    assert is_one_scale == (coupling == "iso")


def test_npt_of_an_open_molecule_is_refused(make_run):
    frame = make_run().frame.replace(pbc=np.zeros(3, dtype=bool), cell=np.zeros((3, 3)))
    with pytest.raises(InputError, match="npt needs a box that is periodic"):
        execute(make_run(frame=frame, ensemble="npt"))


def _deck(tmp_path, text: str) -> StudentMDSettings:
    path = tmp_path / "own.lmp"
    path.write_text(text)
    return StudentMDSettings(steps=10**6, deck=path)


def test_decks_with_other_units_or_another_time_step_are_refused(tmp_path, make_run):
    whole = template_text(None)
    for text, said in (
        (whole.replace("units           metal", "units  real"), "has `units real`, but the bounds"),
        # LAMMPS reports a template's hidden faults when it sets the run up.
        (
            whole.replace("units           metal", "variable u string real\nunits ${u}"),
            "units real",
        ),
        (
            whole.replace("timestep        {{ timestep }}", "timestep 0.0005"),
            r"time step of 0\.5 fs, but `timestep` of the settings is 1 fs",
        ),
    ):
        deck = _deck(tmp_path, text)
        with pytest.raises(InputError, match=said):
            check_deck(deck, ["Mo", "S"])
        job = make_run(deck=deck.deck, steps=20)
        with pytest.raises(InputError, match=said):
            execute(job)
        assert read_verdict(job.folder) is None


def test_a_users_deck_is_tried_before_work_starts(tmp_path):
    whole = template_text(None)
    check_deck(StudentMDSettings(steps=1), ["Mo", "S"])  # no deck of one's own: nothing to try
    check_deck(_deck(tmp_path, whole.replace("tchain 3", "tchain 4")), ["Mo", "S", "O"])
    with pytest.raises(InputError, match=r"own\.lmp: .*Unrecognized fix style.*nvtt"):
        check_deck(_deck(tmp_path, whole.replace("all nvt temp", "all nvtt temp")), ["Mo"])
    with pytest.raises(InputError, match=r"own\.lmp.*'temprature' is undefined"):
        check_deck(
            _deck(tmp_path, whole.replace("all create {{ temperature", "{{ temprature")), ["Mo"]
        )
    without_end = whole.replace('print           "complete 1"', "# ")
    with pytest.raises(InputError, match="did not finish"):
        check_deck(_deck(tmp_path, without_end), ["Mo"])
    lines = [line for line in whole.splitlines() if "ring" not in line or line.startswith("  ")]
    with pytest.raises(InputError, match=r"writes no ring/\*\.dump"):
        check_deck(_deck(tmp_path, "\n".join(lines)), ["Mo"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{{ ''.__class__.__mro__ }}", "unsafe"),
        ("{{ lipsum.__globals__['os'].system('true') }}", "unsafe"),
        ("{% for k in range(10**9) %}x{% endfor %}", "Range too big"),
        ("{{ 1 / 0 }}", "division by zero"),
        ("{{ 1 + 'a' }}", "unsupported operand"),
        ("{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "recursion"),
        ("{% include '/etc/hostname' %}", "loader"),
    ],
)
def test_a_template_that_reaches_out_or_cannot_be_filled_in_is_refused(tmp_path, text, said):
    deck = _deck(tmp_path, text + template_text(None))
    with pytest.raises(InputError, match=rf"own\.lmp: .*{said}"):
        check_deck(deck, ["Mo"])


def test_a_student_s_link_moves_with_its_run_and_is_made_again(tmp_path):
    """Also through a folder that is itself a link, where `..` leads elsewhere."""
    root = tmp_path / "root"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "run").symlink_to(root / "deep" / "er")
    for name in ("first.pt", "sécond.pt"):
        (root / name).write_text(name)
        pair = student_pair(root / name, ["Mo", "O"], "backend kernels")
        place_model(pair, root / "run")
        assert (root / "run" / MODEL_NAME).read_text() == name
    assert pair.lines[1] == f"pair_coeff * * {MODEL_NAME} Mo O"
    moved = root.rename(tmp_path / "moved")
    assert (moved / "deep" / "er" / MODEL_NAME).read_text() == "sécond.pt"
    own = PairCommands(("pair_style lj/cut 3.0",))
    place_model(own, moved)
    assert not (moved / MODEL_NAME).exists()
