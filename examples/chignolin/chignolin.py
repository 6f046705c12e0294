"""Train a ViSNet on chignolin (AIMD-Chig), on labels alone or by the loop with a teacher.

python examples/chignolin/chignolin.py --data AIMD-Chig --labels 20000 --dir runs/chig-20k
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from aimd_chig import Reading, read_identities, read_labels
from rich.console import Console
from rich.progress import Progress

from ipip.config.data import DataFile
from ipip.config.load import load_settings
from ipip.config.recipe import RecipeSettings
from ipip.data import Frame, write_frames
from ipip.errors import InputError
from ipip.recipes import Recipe
from ipip.recipes.command import add_options, end, run_recipe
from ipip.storage.atomic import write_text

HERE = Path(__file__).resolve().parent
ATOMS = 166
LABELS = (20_000, 100_000, 600_000)  # 1, 5 and 30 % of the set: the paper's training sizes
VALID_SHARE = 0.1  # of the labels; the paper gives only the sum of both parts
TEST = 10_000  # by default; the paper tests on all other frames, up to two million
QUICK_LABELS, QUICK_TEST = 10, 4
STORE = "labels.lmdb"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="ViSNet on chignolin.")
    parser.add_argument(
        "--data", type=Path, required=True, metavar="FOLDER", help="AIMD-Chig, unpacked"
    )
    parser.add_argument(
        "--labels",
        type=int,
        default=LABELS[0],
        help=f"frames for training and validation; the paper: {', '.join(map(str, LABELS))}",
    )
    add_options(parser)
    options = parser.parse_args(arguments)
    return end(lambda: run_recipe(_recipe(options), options))


def _recipe(options: argparse.Namespace) -> Recipe:
    labels = QUICK_LABELS if options.quick else options.labels
    test = options.test or (QUICK_TEST if options.quick else TEST)
    valid = round(VALID_SHARE * labels) or 1
    if labels < 2 or test < 1:
        raise InputError(f"--labels is {labels} and --test is {test}; expected 2 and 1 or more")
    store = options.folder.absolute() / STORE
    _draw(options.data, labels + test, options.seed, store)
    return Recipe(
        name="chignolin",
        n_atoms=None if options.quick else ATOMS,
        data=DataFile(path=store),
        train=labels - valid,
        valid=valid,
        test=test,
        settings=load_settings(
            HERE / ("quick.yaml" if options.quick else "settings.yaml"), RecipeSettings
        ),
    )


def _draw(folder: Path, count: int, seed: int, store: Path) -> None:
    """Draw frames of the set at random into one store, unless the same draw is there already."""
    said = store.with_suffix(".json")
    draw = {"frames": count, "seed": seed}
    if store.exists() and said.exists():
        earlier = json.loads(said.read_text(encoding="utf-8"))
        if {key: earlier.get(key) for key in draw} != draw:
            raise InputError(
                f"{store}: holds another draw ({earlier.get('frames')} frames, seed "
                f"{earlier.get('seed')}) than requested now ({count}, {seed}); choose another --dir"
            )
        return
    if not folder.is_dir():
        raise InputError(f"{folder}: is not a folder; expected AIMD-Chig, unpacked")
    everything = read_identities(folder)
    if len(everything) < count:
        raise InputError(
            f"{folder}: has {len(everything)} frames; {count} are needed for training, validation "
            "and test (--labels, --test)"
        )
    chosen = np.random.default_rng(seed).permutation(len(everything))[:count]
    found = Reading()
    store.parent.mkdir(parents=True, exist_ok=True)
    with Progress(transient=True) as bar:
        task = bar.add_task("reading frames", total=count)

        def frames() -> Iterator[Frame]:
            for frame in read_labels(folder, everything[np.sort(chosen)], found):
                bar.advance(task)
                yield frame

        write_frames(store, frames())
    write_text(said, json.dumps(draw | {"headers_differ": found.headers_differ}) + "\n")
    if found.headers_differ:
        Console(highlight=False).print(
            f"{found.headers_differ} of {count} frames have another energy in the header of the "
            "force file; the coordinate file's is used",
            soft_wrap=True,
        )


if __name__ == "__main__":
    sys.exit(main())
