"""The data of a recipe: a molecule, its labels, their split, and published figures."""

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
    """Published test errors.

    Attributes:
        name: authors and method.
        energy: mean absolute error of the total energy, kcal/mol; None if not given.
        forces: mean absolute error of a force component, kcal/mol/Å; None if not given.
    """

    name: str
    energy: float | None
    forces: float | None


@dataclasses.dataclass(frozen=True)
class Recipe:
    """A student of one molecule.

    Attributes:
        name: of the molecule.
        n_atoms: of each frame; None: any.
        data: labelled frames, their keys and their unit.
        train, valid: frames of these parts.
        test: frames of the test part; None: all remaining frames.
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
        recipe: with the number of frames of each part.
        frames: all frames of `recipe.data`.
        folder: created if needed.
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
    remaining = len(frames) - recipe.train - recipe.valid
    if remaining < (recipe.test or 1):
        raise InputError(
            f"{recipe.data.path}: has {len(frames)} frames; {recipe.name} needs {recipe.train} for "
            f"training, {recipe.valid} for validation and {recipe.test or 'some'} for the test"
        )
    split = split_frames(
        frames, train=recipe.train, valid=recipe.valid, test=recipe.test or remaining, seed=seed
    )
    stored = folder / SPLIT
    if stored.exists() and Split.load(stored, frames) != split:
        raise InputError(
            f"{stored}: is another split (other sizes or another seed) than requested; choose "
            "another folder"
        )
    folder.mkdir(parents=True, exist_ok=True)
    split.save(stored)
    return split


def described(recipe: Recipe, split: Split) -> dict[str, object]:
    """Return the description of the data for a report."""
    return {
        "molecule": recipe.name,
        "file": recipe.data.path.name,
        "file_digest": file_digest(recipe.data.path),
        "frames": {part: len(getattr(split, part)) for part in ("train", "valid", "test")},
        "seed": split.seed,
        "published": [dataclasses.asdict(one) for one in recipe.published],
    }
