"""What a recipe is about: a molecule, its labels, their parts, and the figures to compare with."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from ipip.config.data import DataFile
from ipip.config.recipe import RecipeSettings
from ipip.data import Frame, Split, file_digest, split_frames
from ipip.errors import InputError

SPLIT = "split.json"


@dataclasses.dataclass(frozen=True)
class Published:
    """Test errors that somebody has published.

    Attributes:
        name: who, with what.
        energy: mean absolute error of the total energy, kcal/mol; None where not given.
        forces: mean absolute error of a force component, kcal/mol/Å; None where not given.
    """

    name: str
    energy: float | None
    forces: float | None


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A student of one molecule.

    Attributes:
        name: of the molecule.
        n_atoms: of each frame; None takes any.
        data: labelled frames, their keys and their unit.
        train, valid: frames of these parts.
        test: frames of the test part; None takes all that is left.
        settings: hyper-parameters.
        published: figures to compare with.
    """

    name: str
    n_atoms: int | None
    data: DataFile
    train: int
    valid: int
    test: int | None
    settings: RecipeSettings
    published: tuple[Published, ...] = ()


def draw_split(recipe: Recipe, frames: Sequence[Frame], folder: Path, seed: int) -> Split:
    """Check the frames and write their parts to `folder/split.json`; a stored split is kept.

    Args:
        recipe: says how many frames each part has.
        frames: all frames of `recipe.data`.
        folder: made if needed.
        seed: of the draw.

    Raises:
        InputError: frames of another molecule, fewer frames than the parts need, or a stored split
            of other frames, sizes or seed.
    """
    for index, frame in enumerate(frames):
        if recipe.n_atoms is not None and len(frame) != recipe.n_atoms:
            raise InputError(
                f"{recipe.data.path}: frame {index} has {len(frame)} atoms; {recipe.name} has "
                f"{recipe.n_atoms}"
            )
    left = len(frames) - recipe.train - recipe.valid
    if left < (recipe.test or 1):
        raise InputError(
            f"{recipe.data.path}: has {len(frames)} frames; {recipe.name} needs {recipe.train} for "
            f"training, {recipe.valid} for validation and {recipe.test or 'some'} for the test"
        )
    split = split_frames(
        frames, train=recipe.train, valid=recipe.valid, test=recipe.test or left, seed=seed
    )
    stored = folder / SPLIT
    if stored.exists() and Split.load(stored, frames) != split:
        raise InputError(
            f"{stored}: is another split (other sizes or another seed) than asked for now; choose "
            "another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    split.save(stored)
    return split


def described(recipe: Recipe, split: Split) -> dict[str, object]:
    """Return what a report says of the data."""
    return {
        "molecule": recipe.name,
        "file": recipe.data.path.name,
        "file_digest": file_digest(recipe.data.path),
        "frames": {part: len(getattr(split, part)) for part in ("train", "valid", "test")},
        "seed": split.seed,
        "published": [dataclasses.asdict(one) for one in recipe.published],
    }
