"""Files that `ipip convert` reads: ipip's own formats and those of other programs."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from ipip.config.data import DataKeys
from ipip.data.calculation_file import iterate_calculation
from ipip.data.cp2k_trajectory import is_cp2k_trajectory, iterate_cp2k
from ipip.data.deepmd import iterate_deepmd
from ipip.data.files import KNOWN_SUFFIXES, frames_in_parts, iterate_frames
from ipip.data.frame import FloatArray, Frame
from ipip.data.labels import Remarks
from ipip.data.xyz import iterate_xyz
from ipip.errors import InputError

COMPRESSED_XYZ = (".xyz.gz", ".extxyz.gz")


@dataclasses.dataclass
class Read:
    """What was read from one file or folder.

    Attributes:
        path: of the file or folder.
        frames, atoms: how many.
        stresses: frames with a stress.
        remarks: for the user.
    """

    path: Path
    frames: int = 0
    atoms: int = 0
    stresses: int = 0
    remarks: Remarks = dataclasses.field(default_factory=Remarks)

    def lines(self) -> list[str]:
        """Describe what was read, one sentence a line."""
        summary = (
            f"{self.path}: {self.frames} frames with energies and forces, {self.stresses} with a "
        )
        return [f"{summary}stress", *(f"  {line}" for line in self.remarks.lines())]


def iterate_source(
    read: Read,
    keys: DataKeys,
    *,
    type_map: Sequence[str] = (),
    cell: FloatArray | None = None,
    unconverged: bool = False,
) -> Iterator[Frame]:
    """Yield the labelled frames of a file or folder (eV, eV/Å, eV/Å^3), and count them.

    Args:
        read: names the path; counts and remarks are filled in.
        keys: names of the labels, for files with free names.
        type_map: element of each type, for folders of DeePMD without one.
        cell: [3, 3] Å, for trajectories of CP2K without a file of cells; zeros: not periodic.
        unconverged: keep frames whose electronic structure did not converge.

    Raises:
        InputError: it is missing, of unknown format, or its labels are wrong or missing.
    """
    path = read.path
    if not path.exists():
        raise InputError(f"{path}: no such file; expected labelled frames")
    if path.is_dir():
        parsed = iterate_deepmd(path, list(type_map), read.remarks)
        virials = DataKeys(stress="virial", stress_is="virial")
        frames = frames_in_parts(parsed, virials, str(path), ("energy", "forces"), read.remarks)
    elif is_cp2k_trajectory(path):
        parsed = iterate_cp2k(path, read.remarks, cell)
        frames = frames_in_parts(parsed, DataKeys(), str(path), ("energy", "forces"), read.remarks)
    elif path.suffix.lower() in KNOWN_SUFFIXES:
        frames = iterate_frames(path, keys, remarks=read.remarks)
    elif path.name.lower().endswith(COMPRESSED_XYZ):
        parsed = iterate_xyz(path)
        frames = frames_in_parts(parsed, keys, str(path), ("energy", "forces"), read.remarks)
    else:
        parsed = iterate_calculation(path, keys, read.remarks, unconverged=unconverged)
        frames = frames_in_parts(parsed, keys, str(path), ("energy", "forces"), read.remarks)
    for frame in frames:
        read.frames += 1
        read.atoms += len(frame)
        read.stresses += frame.stress is not None
        yield frame
