"""The sets for training and tests: each is made or read once, split, and stored as files."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from ase.io import read
from benchmarks.accuracy.molecules import MOLECULES, Sampling, make_molecule

from ipip.data import Frame, read_frames, split_frames, write_frames
from ipip.errors import InputError

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = tuple(
    ROOT / f"examples/mo-s-o/data/{name}.xyz" for name in ("mso_pbe_d3", "mso_pbe_d3_added")
)
HOT = 1500.0  # K: frames of hotter trajectories of the example are a separate test
VALIDATION = 0.1  # of the frames that are not for tests
LARGE = 500  # atoms at least, where the time of a step is measured
APART = 12.0  # Å between copies of a molecule there


@dataclasses.dataclass(frozen=True)
class FrameSet:
    """A set in a folder: `train.xyz`, `valid.xyz`, `test-NAME.xyz` and `large.xyz`.

    Attributes:
        name: name of the set.
        folder: folder of its files, with the keys `energy` and `forces`.
        tests: names of the tests.
    """

    name: str
    folder: Path
    tests: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class SetSource:
    """The source of a set.

    Attributes:
        name: name of a molecule, `mo-s-o`, or name of the file or folder.
        paths: files of labels in extended XYZ, or the folder of a set that is split; none for a
            molecule.
        energy, forces, group: keys of the labels there; frames of a group stay in one part.
        temperature: key of a temperature (K); frames above `HOT` are the test `hot`, and no others.
    """

    name: str
    paths: tuple[Path, ...] = ()
    energy: str = "energy"
    forces: str = "forces"
    group: str | None = None
    temperature: str | None = None


def source_of(text: str) -> SetSource:
    """Read the specification of a set: a name, or PATH[:energy key:forces key[:group key]].

    Raises:
        InputError: it is neither of these.
    """
    if text in MOLECULES:
        return SetSource(text)
    if text == "mo-s-o":
        return SetSource(text, EXAMPLE, "REF_energy", "REF_forces", "traj", "T_K")
    if (Path(text) / "train.xyz").is_file():
        return SetSource(Path(text).resolve().name, (Path(text),))
    path, *keys = text.split(":")
    if not Path(path).is_file() or len(keys) not in (0, 2, 3):
        raise InputError(
            f"{text} is no set; expected {', '.join(MOLECULES)}, mo-s-o, a file of extended XYZ "
            "as PATH, PATH:ENERGY:FORCES or PATH:ENERGY:FORCES:GROUP, or a folder of train.xyz, "
            "valid.xyz and test-NAME.xyz"
        )
    energy, forces, *group = keys or ["energy", "forces"]
    name = f"{Path(path).resolve().parent.name}-{Path(path).stem}"
    return SetSource(name, (Path(path),), energy, forces, group[0] if group else None)


def make_set(source: SetSource, folder: Path, sampling: Sampling, seed: int) -> FrameSet:
    """Make the files of a set, unless they exist.

    Args:
        source: source of its frames.
        folder: folder of all sets.
        sampling: sampling of molecules.
        seed: seed of sampling and splits.
    """
    place = folder / source.name
    ready = place / "ready"
    if not ready.exists():
        place.mkdir(parents=True, exist_ok=True)
        parts = _parts(source, sampling, seed)
        for name, frames in parts.items():
            write_frames(place / f"{name}.xyz", frames)
        write_frames(place / "large.xyz", [_large(parts["train"][0])])
        ready.touch()
    tests = sorted(path.stem.removeprefix("test-") for path in place.glob("test-*.xyz"))
    return FrameSet(source.name, place, tuple(tests))


def _parts(source: SetSource, sampling: Sampling, seed: int) -> dict[str, list[Frame]]:
    if not source.paths:
        molecule = MOLECULES[source.name]
        made = make_molecule(molecule, sampling, seed)
        split = split_frames(made["train"], valid=molecule.validation, test=0.0, seed=seed)
        parts = {name: list(split.take(made["train"], name)) for name in ("train", "valid")}
        return parts | {name: frames for name, frames in made.items() if name != "train"}
    folder = source.paths[0]
    if folder.is_dir():
        files = [folder / "train.xyz", folder / "valid.xyz", *sorted(folder.glob("test-*.xyz"))]
        return {path.stem: list(read_frames(path)) for path in files}
    frames = _read(source)
    hot = [frame for frame in frames if frame.info.get("kelvin", 0.0) > HOT]
    frames = [frame for frame in frames if frame.info.get("kelvin", 0.0) <= HOT]
    key = None if source.group is None else "group"
    split = split_frames(frames, valid=VALIDATION, test=0.25, seed=seed, group_key=key)
    named = {"train": "train", "valid": "valid", "test": "test-held-out"}
    parts = {file: list(split.take(frames, part)) for part, file in named.items()}
    return parts | ({"test-hot": hot} if hot else {})


def _read(source: SetSource) -> list[Frame]:
    from ipip.config.data import DataKeys

    keys = DataKeys(energy=source.energy, forces=source.forces, stress=None)
    given = {"group": source.group, "kelvin": source.temperature}
    frames = []
    for path in source.paths:
        for frame, atoms in zip(read_frames(path, keys), read(path, index=":"), strict=True):
            facts = {name: atoms.info.get(key) for name, key in given.items() if key is not None}
            if "group" in facts:
                facts["group"] = str(facts["group"])
            frames.append(frame.replace(info={**frame.info, **facts}))
    return frames


def _large(frame: Frame) -> Frame:
    """Return copies of a frame side by side, so that fixed costs of a step do not count."""
    atoms = frame.to_atoms()
    if not atoms.pbc.any():
        atoms.set_cell(np.eye(3) * (np.ptp(atoms.positions, axis=0) + APART))
    copies = np.ones(3, dtype=int)
    while len(atoms) * copies.prod() < LARGE:
        copies[int(np.argmin(copies * atoms.cell.lengths()))] += 1
    large = atoms.repeat(tuple(int(count) for count in copies))
    if not frame.pbc.any():
        large.set_cell(None)
    large.calc = None
    return Frame.from_atoms(large)
