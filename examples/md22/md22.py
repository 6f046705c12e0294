"""Train a ViSNet on one molecule of MD22, and report its errors beside the paper's.

python examples/md22/md22.py DHA --data md22_DHA.npz --dir runs/md22/DHA
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from molecules import MOLECULES, Molecule
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from ipip.config.data import DataFile, DataKeys
from ipip.config.load import load_settings
from ipip.config.recipe import RecipeSettings
from ipip.data.download import checked_file, download
from ipip.errors import InputError
from ipip.recipes import Recipe
from ipip.recipes.command import add_options, end, run_recipe

HERE = Path(__file__).resolve().parent
KEYS = {
    ".npz": DataKeys(energy="E", forces="F", units="kcal/mol"),
    ".xyz": DataKeys(energy="Energy", forces="forces", units="kcal/mol"),
}
QUICK_PARTS = (8, 2)  # frames for training and validation


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(description="ViSNet on one molecule of MD22.")
    parser.add_argument("molecule", choices=MOLECULES)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="published file: .npz, or .xyz")
    source.add_argument(
        "--download", type=Path, metavar="FOLDER", help="fetch the .npz into this folder"
    )
    parser.add_argument("--sha256", help="checksum that the file must have")
    add_options(parser)
    options = parser.parse_args(arguments)
    return end(lambda: run_recipe(_recipe(options), options))


def _recipe(options: argparse.Namespace) -> Recipe:
    molecule = MOLECULES[options.molecule]
    path = _file(options, molecule)
    suffix = ".xyz" if path.suffix == ".extxyz" else path.suffix
    if suffix not in KEYS:
        raise InputError(f"{path}: expected a file of MD22 as published: .npz or .xyz")
    train, valid = QUICK_PARTS if options.quick else (molecule.train, molecule.valid)
    return Recipe(
        name=options.molecule,
        n_atoms=molecule.n_atoms,
        data=DataFile(path=path.absolute(), keys=KEYS[suffix]),
        train=train,
        valid=valid,
        test=options.test,
        settings=load_settings(
            HERE / ("quick.yaml" if options.quick else "settings.yaml"), RecipeSettings
        ),
        published=molecule.published,
    )


def _file(options: argparse.Namespace, molecule: Molecule) -> Path:
    """Return the labels' file, fetched if requested, and whether its checksum was compared."""
    if options.data is not None:
        path, digest = options.data, checked_file(options.data, options.sha256)
    else:
        path = options.download / molecule.file
        columns = (
            TextColumn(molecule.file),
            BarColumn(bar_width=30),
            DownloadColumn(),
            TransferSpeedColumn(),
        )
        with Progress(*columns, transient=True) as bar:
            task = bar.add_task("", total=None)
            digest = download(
                molecule.url,
                path,
                options.sha256,
                progress=lambda done, total: bar.update(task, completed=done, total=total),
            )
    verified = "as requested" if options.sha256 else "not compared: pass it as --sha256 next time"
    Console(highlight=False).print(f"{path}: {digest} ({verified})", soft_wrap=True)
    return Path(path)


if __name__ == "__main__":
    sys.exit(main())
