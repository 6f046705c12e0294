"""The command line of the reaction analysis, and its pictures."""

import csv
import gzip
import json

import numpy as np
import pytest
from tests.species.conftest import write_trajectory

from ipip.cli.main import main


@pytest.fixture
def dump(tmp_path):
    random = np.random.default_rng(2)
    start, velocity = random.random((30, 3)) * 9.0, random.normal(scale=0.4, size=(30, 3))
    frames = [start + k * velocity for k in range(40)]
    path = tmp_path / "gas.dump"
    write_trajectory(path, ["Mo"] * 2 + ["S"] * 20 + ["O"] * 8, frames, np.eye(3) * 9.0)
    return path


def test_everything_is_written_and_the_verdict_comes_first(dump, tmp_path, capsys):
    out = tmp_path / "out"
    command = ["species", str(dump), "--follow", "Mo", "--timestep", "0.5", "--dir", str(out)]
    assert main([*command, "--quiet"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].startswith("species with Mo at the end (1.95 ps)")
    assert "40 frames over 1.95 ps of Mo2O8S20 (30 atoms)" in "\n".join(said)
    assert {f.name for f in out.iterdir()} == {
        "counts.csv", "events.csv", "molecules.csv", "species.csv", "reactions.csv",
        "summary.json", "species.png", "network.png", "species.html", ".lock",
    }  # fmt: skip
    assert main([*command, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["frames"] == 40
    page = (out / "species.html").read_text()
    assert "Mo" in page and "<script src" not in page


def test_a_dump_without_reactions_has_a_word_in_place_of_a_network(tmp_path):
    text = "".join(
        f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n2\nITEM: BOX BOUNDS pp pp pp\n0 9\n0 9\n"
        f"0 9\nITEM: ATOMS id element x y z\n1 Mo 1 1 1\n2 O 2.7 1 1\n"
        for step in range(0, 50, 10)
    )
    (tmp_path / "still.dump").write_text(text)
    out = tmp_path / "out"
    assert main(["species", str(tmp_path / "still.dump"), "--dir", str(out), "--quiet"]) == 0
    page = (out / "species.html").read_text()
    assert "No reaction network: no reactions occurred." in page
    assert 'id="over-time"' in page and 'id="network"' not in page


def test_compressed_and_cut_off_dumps_give_the_same(dump, tmp_path, capsys):
    main(["species", str(dump), "--json", "--dir", str(tmp_path / "a")])
    whole = json.loads(capsys.readouterr().out)
    packed = tmp_path / "gas.dump.gz"
    packed.write_bytes(gzip.compress(dump.read_bytes() + dump.read_bytes()[:300]))
    main(["species", str(packed), "--json", "--dir", str(tmp_path / "b")])
    assert json.loads(capsys.readouterr().out) == whole
    assert json.loads((tmp_path / "b" / "summary.json").read_text())["last_frame_cut_off"]


def test_own_bonds_and_settings_files_count(dump, tmp_path, capsys):
    config = tmp_path / "s.yaml"
    config.write_text("follow: Mo\nbonds: {S-S: [0, 0], S-O: [0, 0], O-O: [0, 0]}\n")
    command = ["species", str(dump), "--config", str(config), "--dir", str(tmp_path / "o")]
    assert main([*command, "--bond", "Mo-S=2.0,2.1", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["bonds"]["S-S"] == {"forms_below": 0.0, "breaks_above": 0.0}
    assert found["bonds"]["Mo-S" if "Mo-S" in found["bonds"] else "S-Mo"]["breaks_above"] == 2.1
    assert found["follow"] == "Mo"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["--follow", "W"], "follow is W, but the dump has O, S, Mo; follow one of these"),
        (["--bond", "Mo-S=2.5"], "--bond Mo-S=2.5: expected two distances in Å"),
        (["--bond", "Mo-S=3,2"], "expected 0 <= forms below <= breaks above"),
        (["--every", "0"], "every: 0: Input should be greater than or equal to 1"),
        (["--symbols", "Mo,Sx"], "symbol 'Sx' of dump"),
    ],
)
def test_wrong_options_are_named(dump, tmp_path, capsys, wrong, said):
    assert main(["species", str(dump), "--dir", str(tmp_path / "o"), *wrong]) == 2
    assert said in capsys.readouterr().err


def test_memory_does_not_grow_with_the_number_of_frames(tmp_path, monkeypatch):
    import functools
    import tracemalloc

    from ipip.config.species import SpeciesSettings
    from ipip.lammps import read_dump
    from ipip.species import analyse_species
    from ipip.species.timeline import Timeline

    monkeypatch.setattr("ipip.species.analyse.Timeline", functools.partial(Timeline, 64))
    random = np.random.default_rng(0)
    frames = [random.random((12, 3)) * 9.0 for _ in range(5)]
    peaks = []
    for repeats in (40, 80):
        path = tmp_path / f"{repeats}.dump"
        write_trajectory(path, ["S"] * 12, frames * repeats, np.eye(3) * 9.0)
        tracemalloc.start()
        result = analyse_species(read_dump(path, columns=()), SpeciesSettings(), tmp_path / "out")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
        assert result.frames == 5 * repeats
    assert peaks[1] < peaks[0] + 20_000
    line = Timeline(samples=64)
    for step in range(10_000):
        line.add(step, {"S": step})
    assert 32 <= len(line.steps) <= 64 and set(np.diff(line.steps)) == {256}


def _three(step: int, distance: float) -> str:
    """Mo-O beside an S that is far, or bonded to the Mo."""
    head = f"ITEM: TIMESTEP\n{step}\nITEM: NUMBER OF ATOMS\n3\nITEM: BOX BOUNDS pp pp pp\n"
    rows = f"1 Mo 3 3 3\n2 O 4.7 3 3\n3 S 3 {3 + distance} 3\n"
    return f"{head}0 12\n0 12\n0 12\nITEM: ATOMS id element xu yu zu\n{rows}"


FAR, NEAR = 5.0, 2.2


def test_the_runs_of_a_dump_are_analysed_one_by_one(tmp_path, capsys):
    path = tmp_path / "r.dump"
    first = "".join(_three(10 * s, NEAR if s > 4 else FAR) for s in range(11))
    second = "".join(_three(10 * s, NEAR if s < 2 else FAR) for s in range(11))
    path.write_text(first + second)
    command = ["species", str(path), "--dir", str(tmp_path / "o"), "--units", "metal", "--json"]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert (
        "holds 2 runs, since its steps start again: run 1: steps 0 to 100, 11 frames; run 2" in said
    )
    assert "choose one with --run" in said and not (tmp_path / "o").exists()
    assert main([*command, "--run", "3"]) == 2 and "but --run is 3" in capsys.readouterr().err
    for run, reaction, step in ((1, "MoO + S -> MoOS", "50"), (2, "MoOS -> MoO + S", "20")):
        assert main([*command, "--run", str(run)]) == 0
        found = json.loads(capsys.readouterr().out)
        assert (found["frames"], found["first_step"], found["last_step"]) == (11, 0, 100)
        with (tmp_path / "o" / "events.csv").open() as stream:
            (event,) = csv.DictReader(stream)
        assert (event["reaction"], event["step"]) == (reaction, step)
        with (tmp_path / "o" / "species.csv").open() as stream:
            assert all(float(row["lived_ps"]) >= 0 for row in csv.DictReader(stream))
    path.write_text(first)
    assert main([*command, "--run", "1"]) == 0 and main([*command, "--run", "2"]) == 2
    assert "holds one run, but run 2" in capsys.readouterr().err


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_a_run_that_resumed_from_a_restart_file_is_analysed_as_one(tmp_path, capsys, suffix):
    path = tmp_path / f"r.dump{suffix}"
    whole = [_three(10 * s, NEAR if s > 4 else FAR + 0.1 * s) for s in range(11)]
    found = {}
    for name, frames in (("whole", whole), ("twice", whole[:7] + whole[3:])):
        text = "".join(frames).encode()
        path.write_bytes(gzip.compress(text) if suffix else text)
        out = tmp_path / name
        assert main(["species", str(path), "--units", "metal", "--json", "--dir", str(out)]) == 0
        found[name] = capsys.readouterr().out, (out / "events.csv").read_text()
    assert found["twice"] == found["whole"]


def test_times_match_the_dump(tmp_path, capsys):
    path = tmp_path / "t.dump"
    found = {}
    for units, ps in (("metal", 1.0), ("real", 1000.0)):
        frames = [_three(10 * s, NEAR if s > 4 else FAR) for s in range(11)]
        timed = [f"ITEM: TIME\n{0.0025 * s * ps:.10g}\n{frame}" for s, frame in enumerate(frames)]
        path.write_text(f"ITEM: UNITS\n{units}\n" + "".join(timed))
        command = ["species", str(path), "--json", "--dir", str(tmp_path / units)]
        assert main(command) == 0
        found[units] = json.loads(capsys.readouterr().out)
        assert found[units]["timestep_fs"] == pytest.approx(0.25)
        with (tmp_path / units / "events.csv").open() as stream:
            (event,) = csv.DictReader(stream)
        assert float(event["time_ps"]) == pytest.approx(0.0125)
        assert json.loads((tmp_path / units / "summary.json").read_text())["units"] == units
    assert main([*command, "--timestep", "1"]) == 2
    assert "has a time step of 0.25 fs, but 1 fs was given" in capsys.readouterr().err
    assert main([*command, "--units", "metal"]) == 2
    assert "states LAMMPS' units real" in capsys.readouterr().err
    with path.open("a") as stream:
        stream.write(f"ITEM: TIME\n26\n{_three(110, NEAR)}")
    assert main(command) == 0
    assert json.loads(capsys.readouterr().out)["ended"] == (
        "the time step is no longer 0.25 fs at step 110"
    )


def test_a_dump_that_gains_atoms_is_analysed_up_to_there(tmp_path, capsys):
    path = tmp_path / "g.dump"
    more = _three(20, FAR).replace("ATOMS\n3", "ATOMS\n4") + "4 S 9 9 9\n"
    path.write_text(_three(0, FAR) + _three(10, FAR) + more)
    command = ["species", str(path), "--units", "metal", "--dir", str(tmp_path / "o"), "--json"]
    assert main(command) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["frames"] == 2
    assert found["ended"] == "3 atoms at first, 4 at step 20; expected the same atoms"


def test_a_single_frame_without_a_line_feed_is_analysed_where_it_is_whole(tmp_path, capsys):
    path = tmp_path / "s.dump"
    path.write_text(_three(0, NEAR)[:-1])
    command = ["species", str(path), "--units", "metal", "--dir", str(tmp_path / "o"), "--json"]
    assert main(command) == 2
    said = capsys.readouterr().err
    assert "no complete frame" in said
    assert main([*command, "--whole"]) == 0
    assert json.loads(capsys.readouterr().out)["followed_at_end"] == {"MoOS": 1}
