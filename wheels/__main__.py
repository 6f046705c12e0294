"""Builds, repairs and tags a wheel: `python -m wheels`, or `make wheel`."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from wheels.repair import repair_wheel
from wheels.requirements import WheelError
from wheels.torch_folders import NoTorchError, torch_folders

REPOSITORY = Path(__file__).resolve().parent.parent


def build_wheel(source: Path, folders: list[Path], destination: Path) -> Path:
    """Compile a wheel in the build folder of the source tree, which is kept.

    Args:
        source: folder with pyproject.toml, or an sdist.
        folders: folders of torch packages to build parts for.
        destination: folder for the wheel; empty.
    """
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check"]
    settings = ["cmake.define.IPIP_BUNDLE_OPENMP=ON"]
    settings += ["cmake.define.IPIP_TORCH_FOLDERS=" + ";".join(map(str, folders))]
    done = subprocess.run(
        [*pip, "--no-build-isolation", "--no-deps", "--no-index", "-w", str(destination)]
        + [word for one in settings for word in ("-C", one)]
        + [str(source)],
        check=False,
    )
    if done.returncode != 0:
        raise WheelError("the build failed, see above")
    (file,) = destination.glob("*.whl")
    return file


def main() -> int:
    """Build a wheel, print one line with its name, tag and size."""
    parser = argparse.ArgumentParser(prog="python -m wheels", description=__doc__)
    parser.add_argument(
        "--torch",
        nargs="*",
        default=[],
        metavar="VERSION",
        help="versions to build torch parts for, such as 2.13.0 2.14.1; default: the installed one",
    )
    parser.add_argument("--source", type=Path, default=REPOSITORY, help="source tree or sdist")
    parser.add_argument("--out", type=Path, default=REPOSITORY / "dist", help="folder of the wheel")
    arguments = parser.parse_args()
    try:
        folders = torch_folders(arguments.torch, REPOSITORY / "build" / "torch")
        with tempfile.TemporaryDirectory(prefix="ipip-wheel-") as name:
            built = build_wheel(arguments.source, folders, Path(name))
            file = repair_wheel(built, arguments.out)
    except (NoTorchError, WheelError) as error:
        print(f"wheels: {error}", file=sys.stderr)
        return 1
    tag = "-".join(file.stem.split("-")[-3:])
    print(f"{file}: tag {tag}, {file.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
