"""Energy, forces and stress of one frame, computed by LAMMPS."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ipip.data.frame import Frame
from ipip.errors import IpipError
from ipip.lammps.deck import PairCommands, place_model
from ipip.lammps.geometry import lammps_box, write_data
from ipip.lammps.process import lammps_command, lammps_environment

BAR = 1.0 / 1.6021765e6  # eV/Å^3, with the constant of LAMMPS' metal units

_DECK = """\
units           metal
atom_style      atomic
boundary        {boundary}
read_data       start.data
{pair}
thermo_style    custom pe pxx pyy pzz pyz pxz pxy
thermo_modify   norm no
dump            forces all custom 1 forces.dump fx fy fz
dump_modify     forces sort id format float %.17g
run             0
print           "[$(pe:%.17g),$(pxx:%.17g),$(pyy:%.17g),$(pzz:%.17g),$(pyz:%.17g),$(pxz:%.17g),$(pxy:%.17g)]" file result.json screen no
"""  # noqa: E501  one LAMMPS command a line


def single_point(frame: Frame, pair: PairCommands, symbols: Sequence[str]) -> Frame:
    """Evaluate a frame with a LAMMPS pair style, in a separate process.

    Args:
        frame: the configuration.
        pair: the pair commands.
        symbols: element of each LAMMPS type.

    Returns:
        The frame with energy (eV), forces (eV/Å) and, if it is periodic in three directions,
        stress (eV/Å^3), in the frame's orientation.

    Raises:
        InputError: LAMMPS does not accept the box.
        IpipError: LAMMPS failed; the message quotes its error.
    """
    box = lammps_box(frame)
    with tempfile.TemporaryDirectory(prefix="ipip-single-point-") as name:
        folder = Path(name)
        write_data(folder / "start.data", frame, symbols, box)
        deck = _DECK.format(boundary=box.boundary, pair="\n".join(pair.lines))
        place_model(pair, folder)
        (folder / "in.lammps").write_text(deck, encoding="utf-8")
        done = subprocess.run(
            lammps_command("-in", "in.lammps", "-log", "none", "-nocite"),
            cwd=folder,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            env=lammps_environment(),
        )
        result = folder / "result.json"
        if done.returncode != 0 or not result.is_file():
            errors = [line for line in done.stdout.splitlines() if line.startswith("ERROR")]
            reason = errors[0] if errors else f"status {done.returncode}"
            raise IpipError(f"LAMMPS cannot evaluate the frame: {reason}")
        energy, *pressure = json.loads(result.read_text(encoding="utf-8"))
        lines = (folder / "forces.dump").read_text(encoding="utf-8").splitlines()
        turned = np.array([[float(v) for v in line.split()] for line in lines[-len(frame) :]])
    stress = None
    if frame.pbc.all():
        xx, yy, zz, yz, xz, xy = -BAR * np.array(pressure)
        turned_stress = np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])
        stress = box.rotation @ turned_stress @ box.rotation.T
    return frame.replace(energy=energy, forces=turned @ box.rotation.T, stress=stress)
