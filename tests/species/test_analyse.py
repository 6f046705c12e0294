"""Hand-made trajectories with known events."""

import itertools

import numpy as np
import pytest

from ipip.errors import InputError
from ipip.species.molecules import formula_counts

RING = ["Mo", "O"] * 3 + ["S", "S"]


def ring(radius: float = 1.92, s2: tuple[float, float, float] = (0.0, 0.0, 8.0)) -> np.ndarray:
    """A hexagon Mo-O-Mo-O-Mo-O with bonds of 1.92 Å, and an S2 centred elsewhere."""
    angles = np.arange(6) * np.pi / 3
    hexagon = radius * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    molecule = np.array(s2) + [[0.0, 0.0, 0.95], [0.0, 0.0, -0.95]]
    return np.concatenate([hexagon, molecule]) + 15.0


def test_two_atoms_meet_and_part_with_hysteresis(analyse):
    # S-S forms below 2.31 Å and breaks above 2.73 Å.
    distances = [4.0, 2.5, 2.2, 2.6, 2.4, 2.6, 2.7, 2.8, 2.5, 4.0]
    frames = [np.array([[1.0, 1, 1], [1 + d, 1, 1]]) for d in distances]
    result, tables = analyse(["S", "S"], frames)
    events = tables["events.csv"]
    assert [(e["kinds"], e["step"], e["reaction"]) for e in events] == [
        ("association", "200", "2 S -> S2"),
        ("dissociation", "700", "S2 -> 2 S"),
    ]
    assert [(r["step"], r["species"], r["count"]) for r in tables["counts.csv"]] == [
        ("0", "S", "2"),
        ("200", "S", "0"),
        ("200", "S2", "1"),
        ("700", "S", "2"),
        ("700", "S2", "0"),
    ]
    lives = result.lives.species["S2"]
    assert (lives.births, lives.deaths, lives.exposure, lives.mean) == (1, 1, 500, 500.0)
    assert result.lives.species["S"].exposure == 2 * 200 + 2 * 200
    assert result.lives.species["S"].longest_is_open


def test_without_hysteresis_the_same_pair_flickers(analyse):
    distances = [4.0, 2.2, 2.4, 2.2, 2.4]
    frames = [np.array([[1.0, 1, 1], [1 + d, 1, 1]]) for d in distances]
    quiet, _ = analyse(["S", "S"], frames)
    restless, _ = analyse(["S", "S"], frames, break_factor=1.1)
    assert sum(quiet.events.values()) == 1 and sum(restless.events.values()) == 4


def test_a_molecule_across_a_periodic_boundary_is_one(analyse):
    inside = np.array([[5.0, 5, 5], [6.9, 5, 5]])
    result, _ = analyse(["S", "S"], [inside, inside + [4.1, 0, 0], inside + [0, 24.0, 24.0]], 10.0)
    assert result.lives.counts == {"S2": 1} and not result.events


@pytest.mark.parametrize("shift", [(0.0, 0, 0), (3.0, -7.0, 20.0), (100.0, 55.0, -31.0)])
def test_a_tilted_box_gives_the_same_molecules_wherever_they_are(analyse, shift):
    cell = np.array([[8.0, 0, 0], [-3.0, 7.5, 0], [2.0, 3.5, 8.5]])
    base = np.array([[0.2, 0.3, 0.1], [4.0, 4.0, 4.0]])
    atoms = np.array([base[0], base[0] + [-1.3, -0.8, -1.1], base[1], base[1] + [0, 0, 1.45]])
    frames = [atoms + shift, atoms + shift + cell[2] - 2 * cell[1]]
    result, _ = analyse(["S", "S", "S", "O"], frames, cell)
    assert result.lives.counts == {"S2": 1, "OS": 1} and not result.events
    wrapped = [np.linalg.solve(cell.T, f.T).T % 1.0 @ cell for f in frames]
    again, _ = analyse(["S", "S", "S", "O"], wrapped, cell)
    assert again.lives.counts == result.lives.counts


def test_a_pair_that_two_images_link_is_one_bond(analyse):
    frames = [np.array([[0.0, 0, 0], [2.2, 0, 0]])] * 2
    result, _ = analyse(["S", "S"], frames, np.diag([4.4, 20.0, 20.0]))
    assert result.lives.counts == {"S2": 1}


def test_a_ring_opens_and_closes(analyse):
    open_ring = ring()
    open_ring[5] += [1.5, -2.0, 0.0]  # pulls one O away from one of its two Mo
    open_ring[5] = open_ring[4] + 1.9 * (open_ring[5] - open_ring[4]) / np.linalg.norm(
        open_ring[5] - open_ring[4]
    )
    assert np.linalg.norm(open_ring[5] - open_ring[0]) > 2.9
    _, tables = analyse(RING, [ring(), open_ring, ring()], follow="Mo")
    opening, closing = tables["events.csv"]
    assert opening["kinds"] == "ring opening" and opening["bonds_broken"] == "1-6"
    assert (opening["rings_before"], opening["rings_after"]) == ("6", "")
    assert closing["kinds"] == "ring closing" and closing["rings_after"] == "6"
    assert opening["reaction"] == "Mo3O3 -> Mo3O3"
    assert len(tables["molecules.csv"]) == 1  # the same molecule all the time


def test_s2_that_replaces_a_bond_of_a_ring_is_an_insertion(analyse):
    # O(6) stays at Mo(5) and leaves Mo(1); S2 links the two.
    after = ring()
    after[5:] = 15.0 + np.array([[0.3, -3.1, 0], [3.1, -1.48, 0], [1.95, -3.1, 0]])
    _, tables = analyse(RING, [ring(), after], follow="Mo")
    (event,) = tables["events.csv"]
    assert event["reaction"] == "Mo3O3 + S2 -> Mo3O3S2"
    assert event["kinds"] == "addition + insertion"
    assert (event["rings_before"], event["rings_after"]) == ("6", "8")
    assert event["bonds_broken"] == "1-6" and event["bonds_formed"] == "1-7 6-8"


def test_addition_exchange_loss_break_up_and_merging_are_distinguished(analyse):
    # A chain Mo-O-Mo along x; S approaches the first Mo and removes the bridging O.
    far = np.array([20.0, 20.0, 20.0])
    start = np.array([[5.0, 5, 5], [6.9, 5, 5], [8.8, 5, 5], far])
    symbols = ["Mo", "O", "Mo", "S"]
    bound = start.copy()
    bound[3] = [5.0, 7.2, 5]
    broken = bound.copy()
    broken[2] = [14.0, 5, 5]
    lost = broken.copy()
    lost[3] = far
    back = lost.copy()
    back[2] = start[2]
    swap = start.copy()
    swap[1], swap[2], swap[3] = far, [9.0, 5, 5], [6.9, 5.8, 5]
    _, tables = analyse(
        symbols, [start, bound, broken, lost, back, swap], follow="Mo", bonds={"Mo-S": [2.7, 3.4]}
    )
    assert [(e["kinds"], e["reaction"]) for e in tables["events.csv"]] == [
        ("addition", "Mo2O + S -> Mo2OS"),
        ("break-up", "Mo2OS -> Mo + MoOS"),
        ("loss", "MoOS -> MoO + S"),
        ("merging", "Mo + MoO -> Mo2O"),
        ("exchange", "Mo2O + S -> Mo2S + O"),
    ]
    lives = {(r["species"], r["first_step"]): r for r in tables["molecules.csv"]}
    assert lives["Mo2OS", "100"]["last_step"] == "200"
    assert float(lives["Mo2OS", "100"]["lifetime_ps"]) == 0.1
    assert (
        lives["Mo2O", "0"]["begun_by_event"] == "" and lives["Mo2O", "0"]["ended_by_event"] == "0"
    )
    assert lives["Mo2S", "500"]["ended_by_event"] == ""


def test_metals_have_no_bond_unless_requested(analyse):
    frame = [np.array([[5.0, 5, 5], [7.9, 5, 5]])]
    assert analyse(["Mo", "Mo"], frame)[0].lives.counts == {"Mo": 2}
    assert analyse(["Mo", "Mo"], frame, metal_bonds=True)[0].lives.counts == {"Mo2": 1}
    named, _ = analyse(["Mo", "Mo"], frame, bonds={"Mo-Mo": [3.0, 3.5]})
    assert named.lives.counts == {"Mo2": 1}


def _gas(random: np.random.Generator, n_frames: int, box: float) -> tuple[list[str], list]:
    symbols = ["Mo"] * 4 + ["S"] * 30 + ["O"] * 20
    positions = random.random((54, 3)) * box
    velocity = random.normal(scale=0.5, size=(54, 3))
    return symbols, [positions + k * velocity for k in range(n_frames)]


def test_atoms_are_conserved_in_every_frame_and_every_event(analyse):
    symbols, frames = _gas(np.random.default_rng(1), 60, 13.0)
    result, tables = analyse(symbols, frames, 13.0, follow="Mo")
    total = {"Mo": 4, "S": 30, "O": 20}
    counts: dict[str, int] = {}
    for _, rows in itertools.groupby(tables["counts.csv"], key=lambda row: row["step"]):
        counts |= {row["species"]: int(row["count"]) for row in rows}
        atoms = dict.fromkeys(total, 0)
        for name, count in counts.items():
            for symbol, number in formula_counts(name).items():
                atoms[symbol] += number * count
        assert atoms == total
    assert len(tables["events.csv"]) > 100
    for event in tables["events.csv"]:
        sides = []
        for side in event["reaction"].split(" -> "):
            atoms = dict.fromkeys(total, 0)
            for term in side.split(" + "):
                number, _, name = term.rpartition(" ")
                for symbol, count in formula_counts(name).items():
                    atoms[symbol] += int(number or 1) * count
            sides.append(atoms)
        assert sides[0] == sides[1]
    # Every atom lives in some molecule at all times.
    lived = sum(
        own.exposure * sum(formula_counts(name).values())
        for name, own in result.lives.species.items()
    )
    assert lived == 54 * result.last_step


def test_bonds_match_all_distances_computed_one_by_one():
    from ase.geometry import get_distances

    from ipip.config.species import SpeciesSettings
    from ipip.species import BondTracker, bond_distances

    random = np.random.default_rng(5)
    cell = np.array([[9.0, 0, 0], [4.0, 9.5, 0], [-3.0, 2.0, 10.0]])
    distances = bond_distances(["Mo", "S", "O"], SpeciesSettings())
    kinds = random.integers(0, 3, 40)
    tracker = BondTracker(kinds, distances)
    there = np.zeros((40, 40), dtype=bool)
    positions = random.random((40, 3)) @ cell
    for step in range(30):
        positions = positions + random.normal(scale=0.3, size=(40, 3))
        _, lengths = get_distances(positions, cell=cell, pbc=True)
        forms, breaks = (m[np.ix_(kinds, kinds)] for m in (distances.forms, distances.breaks))
        there = (lengths < forms) | (there & (lengths <= breaks))
        np.fill_diagonal(there, False)
        tracker.update(step, positions, cell, np.ones(3, bool))
        i, j = np.nonzero(np.triu(there))
        np.testing.assert_array_equal(tracker.keys, i * 40 + j)


def test_a_trajectory_that_blows_up_is_analysed_up_to_there(analyse):
    frames = [np.array([[1.0, 1, 1], [3.0, 1, 1]])] * 3
    result, _ = analyse(["S", "S"], [*frames, frames[0] * np.nan])
    assert result.frames == 3 and result.ended == "positions are not finite at step 300"


def test_wrong_input_is_named(analyse):
    frame = [np.array([[1.0, 1, 1], [3.0, 1, 1]])]
    with pytest.raises(InputError, match="follow is W, but the dump has O, S"):
        analyse(["S", "O"], frame, follow="W")
    with pytest.raises(InputError, match="S-Q: Q is not an element"):
        analyse(["S", "O"], frame, bonds={"S-Q": [1, 2]})
    with pytest.raises(InputError, match="elements of the dump are unknown"):
        analyse(["Qq", "O"], frame)
    with pytest.raises(ValueError, match="forms below <= breaks above"):
        analyse(["S", "O"], frame, bonds={"S-O": [2, 1]})
