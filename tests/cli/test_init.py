"""`ipip init`: settings from labels, structures or molecules, which `ipip validate` takes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml
from ase import Atoms
from ase.io import read, write
from tests.loop.conftest import reference_frames

from ipip.cli.main import main
from ipip.config.load import load_settings
from ipip.config.run import RunSettings
from ipip.data import write_frames


def init(*arguments: object) -> int:
    return main(["init", *map(str, arguments)])


def refuse(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert init(*arguments) == 2
    message = capsys.readouterr().err
    assert "Traceback" not in message
    return message


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    """40 labelled CuAu frames of two compositions, from 13 trajectories."""
    frames = [
        frame.replace(info={**frame.info, "T_K": 300.0 + 300.0 * (number % 2)})
        for number, frame in enumerate(reference_frames(40, seed=1))
    ]
    path = tmp_path / "labels.xyz"
    write_frames(path, frames)
    text = path.read_text().replace("energy=", "REF_energy=").replace("forces:R", "REF_forces:R")
    path.write_text(text)
    return path


@pytest.mark.parametrize("profile", ["quick", "production"])
@pytest.mark.parametrize("minimal", [True, False])
def test_settings_from_labels_are_valid_unchanged(labels, tmp_path, capsys, profile, minimal):
    path = tmp_path / "my.yaml"
    options = ["--profile", profile] + ["--minimal"] * minimal
    assert init(path, "--labels", labels, "--elements", "Cu,Au", *options) == 0
    said = capsys.readouterr().out
    assert "energy under 'REF_energy', forces under 'REF_forces'" in said
    assert "groups: 14 under 'traj'" in said and "300 to 600 K under 'T_K'" in said
    settings = load_settings(path, RunSettings)
    assert settings.elements == ["Cu", "Au"]
    (data,) = settings.reference.data
    assert (data.path, data.keys.group) == (labels, "traj")
    assert (settings.reference.split.valid, settings.reference.split.test) == (5, 10)
    assert [system.temperature for system in settings.systems] == [300.0, 600.0]
    assert main(["validate", "--without-teacher", str(path)]) == 0
    assert "The settings are valid. Reference frames: " in capsys.readouterr().out


def test_the_starts_are_the_labels_own_structures_of_lowest_energy(labels, tmp_path):
    assert init(tmp_path / "my.yaml", "--labels", labels) == 0
    lowest = {}
    for frame in reference_frames(40, seed=1):
        formula = frame.to_atoms().get_chemical_formula()
        if formula not in lowest or frame.energy < lowest[formula].energy:
            lowest[formula] = frame
    settings = load_settings(tmp_path / "my.yaml", RunSettings)
    assert settings.elements == ["Cu", "Au"]  # by atomic number
    assert len(settings.systems) == 2
    for system in settings.systems:
        start = read(system.file)
        frame = lowest[start.get_chemical_formula()]
        assert start.positions == pytest.approx(frame.positions, abs=1e-6)
        assert start.cell.array == pytest.approx(frame.cell) and start.calc is None
        assert system.replicate == (1, 2, 2)  # 7.7 x 3.85 x 3.85 Å, with a cutoff of 5 Å


def test_an_existing_start_is_kept(labels, tmp_path, capsys):
    kept = tmp_path / "my-starts" / "Au3Cu5.xyz"
    kept.parent.mkdir()
    kept.write_text("mine")
    assert "my-starts/Au3Cu5.xyz: already exists" in refuse(
        capsys, tmp_path / "my.yaml", "--labels", labels
    )
    assert kept.read_text() == "mine" and not (tmp_path / "my.yaml").exists()
    assert init(tmp_path / "my.yaml", "--labels", labels, "--force") == 0
    assert kept.read_text() != "mine"


def test_a_minimal_file_has_only_the_keys_that_are_set(labels, tmp_path):
    assert init(tmp_path / "a.yaml", "--labels", labels, "--minimal") == 0
    assert init(tmp_path / "b.yaml", "--labels", labels) == 0
    short, long = ((tmp_path / name).read_text() for name in ("a.yaml", "b.yaml"))
    assert len(short.splitlines()) < 120 < len(long.splitlines())
    first, second = yaml.safe_load(short), yaml.safe_load(long)
    starts = [block.pop("systems") for block in (first, second)]
    assert first == second and [len(own) for own in starts] == [2, 2]
    assert "# guards:" in long and "guards" not in short


def test_molecules_become_a_box_and_the_labels_are_still_to_be_made(tmp_path, capsys):
    path = tmp_path / "methanol.yaml"
    box = ["--species", "CH3OH=3", "--density", "0.4"]
    assert init(path, *box, "--elements", "C,H,O", "--temperature", "500", "--minimal") == 0
    said = capsys.readouterr().out
    assert f"ipip explore {path} --out frames.xyz" in said
    settings = load_settings(path, RunSettings)
    (system,) = settings.systems
    assert (system.species, system.density, system.temperature) == ({"CH3OH": 3}, 0.4, 500.0)
    assert settings.teacher_md.timestep == 1.0  # hydrogen
    assert "Mo" not in path.read_text()
    assert main(["validate", "--without-teacher", str(path)]) == 2
    captured = capsys.readouterr()
    assert "`ipip explore` can start: 12 runs of" in captured.out
    assert "labels.xyz: no such file" in captured.err and "ipip label LEVEL" in captured.err


def test_structures_become_systems(tmp_path):
    (tmp_path / "in").mkdir()
    for name in ("slab one.vasp", "slab.xyz"):
        write(tmp_path / "in" / name, Atoms("CuAu", [[0, 0, 0], [2.5, 0, 0]], cell=[8] * 3, pbc=1))
    files = sorted((tmp_path / "in").iterdir())
    assert init(tmp_path / "my.yaml", *(f"--start={file}" for file in files)) == 0
    settings = load_settings(tmp_path / "my.yaml", RunSettings)
    assert [system.name for system in settings.systems] == ["slab-one", "slab"]
    assert [system.file for system in settings.systems] == files
    assert settings.elements == ["Cu", "Au"]
    assert "in/slab.xyz" in (tmp_path / "my.yaml").read_text()  # relative: the folder can move


def test_molecules_from_files_are_packed_too(tmp_path):
    write(tmp_path / "co.xyz", Atoms("CO", [[0, 0, 0], [1.13, 0, 0]]))
    options = ["--species", f"{tmp_path / 'co.xyz'}=4", "--species", "H2O=2", "--box", "9"]
    assert init(tmp_path / "my.yaml", *options) == 0
    (system,) = load_settings(tmp_path / "my.yaml", RunSettings).systems
    assert system.species == {"co": 4, "H2O": 2}
    assert system.molecules == {"co": tmp_path / "co.xyz"}


def test_without_a_system_the_file_says_what_to_fill_in(tmp_path, capsys):
    path = tmp_path / "my.yaml"
    assert init(path) == 0
    said = capsys.readouterr().out
    for text in (said, path.read_text().replace("\n  # ", " ").replace("\n# ", " ")):
        assert "FILL IN" in text and "the chemical symbols of your system" in text
        assert "molecules to pack, such as {name: methanol" in text
    assert yaml.safe_load(path.read_text())["systems"] == []
    assert "Mo3O9" not in path.read_text().split("# systems")[0]
    assert main(["validate", str(path)]) == 2
    error = capsys.readouterr().err
    assert "elements: []" in error and "systems: []" in error


def test_the_example_is_written_with_its_labels_in_any_folder(tmp_path, repository, capsys):
    assert init(tmp_path / "my.yaml", "--example") == 0
    example = repository / "examples" / "mo-s-o" / "quick.yaml"
    assert (tmp_path / "my.yaml").read_text() == example.read_text()
    assert main(["validate", "--without-teacher", str(tmp_path / "my.yaml")]) == 0
    labels = tmp_path / "data" / "mso_pbe_d3.xyz"
    assert f"wrote {labels}: the labels" in capsys.readouterr().out
    whole = labels.read_bytes()
    assert whole == (repository / "examples" / "mo-s-o" / "data" / labels.name).read_bytes()
    labels.write_text("mine")
    assert "mso_pbe_d3.xyz: already exists" in refuse(capsys, tmp_path / "b.yaml", "--example")
    assert labels.read_text() == "mine" and not (tmp_path / "b.yaml").exists()
    assert init(tmp_path / "b.yaml", "--example", "--force") == 0
    assert labels.read_bytes() == whole


def test_an_installation_without_the_labels_of_the_example_says_so(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("ipip.config.quick.PACKAGE", tmp_path / "lib" / "python" / "ipip")
    message = refuse(capsys, tmp_path / "my.yaml", "--example")
    assert "has no mso_pbe_d3.xyz, the labels of the example; install a wheel of ipip" in message
    assert list(tmp_path.iterdir()) == []


def test_frames_without_trajectories_are_warned_of(tmp_path, capsys):
    frames = [f.replace(info={"config_type": f"k{i // 9}"}) for i, f in
              enumerate(reference_frames(36, seed=2))]  # fmt: skip
    write_frames(tmp_path / "labels.xyz", frames)
    assert init(tmp_path / "my.yaml", "--labels", tmp_path / "labels.xyz") == 0
    said = capsys.readouterr().out
    assert "no key names the trajectory of a frame (could be 'config_type' (4 values))" in said
    assert load_settings(tmp_path / "my.yaml", RunSettings).reference.group_key is None


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--species", "CH3OH"], "expected NAME=COUNT"),
        (["--species", "CH3OH=0", "--box", "9"], "expected NAME=COUNT"),
        (["--species", "CH3OH=2"], "give either --box or --density"),
        (["--species", "CH3OH=2", "--box", "9", "--density", "1"], "give either"),
        (["--species", "CH3OX=2", "--box", "9"], "CH3OX"),
        (["--species", "CH3OH=2", "--box", "9", "--elements", "C,H"], "lacks O"),
        (["--elements", "C,Hx"], "'Hx', which is not a chemical symbol"),
        (["--box", "9"], "need --species"),
        (["--energy-key", "E"], "need --labels"),
        (["--labels", "none.xyz"], "no such file"),
        (["--start", "none.xyz"], "does not exist"),
        (["--profile", "fast"], "expected quick or production"),
    ],
)
def test_a_wrong_option_is_one_sentence_and_writes_nothing(tmp_path, capsys, options, said):
    assert said in refuse(capsys, tmp_path / "my.yaml", *options)
    assert list(tmp_path.iterdir()) == []


def test_labels_elsewhere_are_named_whole(labels, tmp_path):
    folder = tmp_path / "deeper"
    folder.mkdir()
    assert init(folder / "my.yaml", "--labels", labels) == 0
    assert load_settings(folder / "my.yaml", RunSettings).reference.data[0].path == labels
    assert (folder / "my-starts").is_dir()


def test_open_molecules_keep_their_open_boxes(tmp_path):
    rng = np.random.default_rng(0)
    frames = []
    for index in range(12):
        atoms = Atoms("CO", [[0, 0, 0], [1.1, 0, 0]])
        atoms.positions += 0.02 * rng.normal(size=(2, 3))
        atoms.info |= {"energy": -1.0, "traj": index // 3}
        atoms.arrays["forces"] = np.zeros((2, 3))
        frames.append(atoms)
    write(tmp_path / "labels.xyz", frames, format="extxyz")
    assert init(tmp_path / "my.yaml", "--labels", tmp_path / "labels.xyz") == 0
    (system,) = load_settings(tmp_path / "my.yaml", RunSettings).systems
    assert not read(system.file).pbc.any()
    assert main(["validate", "--without-teacher", str(tmp_path / "my.yaml")]) == 0
