"""Under compression to 60 % of the volume the energy keeps rising."""

from __future__ import annotations

import numpy as np

from ipip.physics.check import PhysicsCheck
from ipip.physics.laws.structures import numbered
from ipip.physics.outcome import Curve, Measure, Outcome, Picture, index_of_worst, points
from ipip.physics.subject import Subject
from ipip.physics.volumes import largest_fall, scan_volumes

SMALLEST = 0.6
NOISE = 2e-3  # eV/atom
POINTS = {True: 21, False: 41}


class Compression(PhysicsCheck):
    """Shrinks boxes with their atoms and detects falls of the energy."""

    name = "compression"
    title = "Compression to 60 % of the volume"
    question = "Once a system resists compression, does it continue to resist?"
    bound = f"once it has risen, the energy falls by at most {1000 * NOISE:g} meV/atom"
    source = (
        "MLIP Arena's energy-volume scans (arXiv 2509.20630): under compression energy and volume "
        "are ranked inversely; 2 meV/atom is the rounding of a hot box"
    )

    def measure(self, subject: Subject, quick: bool) -> Outcome:
        """Measure the periodic structures."""
        chosen = subject.periodic[: 2 if quick else None]
        if not chosen:
            return self.not_applicable("no structure is periodic in three directions")
        volumes = np.linspace(1.0, SMALLEST, POINTS[quick])
        volume_scans = [scan_volumes(subject, atoms, volumes) for atoms in chosen]
        names = numbered(chosen)
        falls = [largest_fall(scan.energies, NOISE) for scan in volume_scans]
        depth = [fall for fall, _ in falls]
        at = index_of_worst(depth)
        place = f"{names[at]} at {volumes[falls[at][1]]:.2f} V0"
        work = [float(scan.energies[-1] - scan.energies.min()) for scan in volume_scans]
        curves = tuple(
            Curve(name, *points(volumes, scan.energies - scan.energies[0]))  # type: ignore[arg-type]
            for name, scan in zip(names, volume_scans, strict=True)
        )
        return self.found(
            measures=(
                Measure("deepest fall under compression", depth[at], "eV/atom", NOISE, place=place),
                Measure("least work to 60 % of the volume", min(work), "eV/atom"),
            ),
            pictures=(
                Picture(
                    "Energy of scaled boxes: each curve only rises to the left of its minimum.",
                    "V / V0",
                    "energy (eV/atom)",
                    curves,
                ),
            ),
            note=next((scan.problem for scan in volume_scans if scan.problem), ""),
        )


COMPRESSION = Compression()
