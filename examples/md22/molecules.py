"""The molecules of MD22: their files, the paper's splits, and its errors.

Sizes and file names: Chmiela et al., Science Advances 9, eadf0873 (2023), and sgdml.org. Training
plus validation frames follow the paper (Wang et al. 2024 and arXiv 2507.20118); that 500, 50 and
100 of them are for validation is our choice. Errors: arXiv 2507.20118, tables 1 and 2.
"""

from __future__ import annotations

import dataclasses

from ipip.recipes import Published

ADDRESS = "http://www.quantum-machine.org/gdml/repo/datasets/"


@dataclasses.dataclass(frozen=True)
class Molecule:
    """One molecule.

    Attributes:
        file: name of the published archive.
        n_atoms: atoms.
        frames: frames in the archive.
        train, valid: frames of these parts; the rest is the test.
        published: the paper's errors: its baseline, the best rival, and IPIP.
    """

    file: str
    n_atoms: int
    frames: int
    train: int
    valid: int
    published: tuple[Published, ...]

    @property
    def url(self) -> str:
        return ADDRESS + self.file


def _published(
    baseline: tuple[float, float],
    rival: str,
    rival_errors: tuple[float | None, float | None],
    ipip: tuple[float, float],
) -> tuple[Published, ...]:
    return (
        Published("paper: ViSNet on the labels alone", *baseline),
        Published(f"paper: best rival ({rival})", *rival_errors),
        Published("paper: IPIP", *ipip),
    )


MOLECULES = {
    "Ac-Ala3-NHMe": Molecule(
        "md22_Ac-Ala3-NHMe.npz",
        42,
        85109,
        5500,
        500,
        _published((0.0896, 0.0801), "Frad, GPIP", (0.0744, 0.0729), (0.0572, 0.0729)),
    ),
    "DHA": Molecule(
        "md22_DHA.npz",
        56,
        69753,
        7500,
        500,
        _published((0.0938, 0.0618), "Frad", (0.0867, 0.0612), (0.0801, 0.0542)),
    ),
    "stachyose": Molecule(
        "md22_stachyose.npz",
        87,
        27272,
        7500,
        500,
        _published((0.1351, 0.0934), "GPIP", (0.1223, 0.0887), (0.0911, 0.0694)),
    ),
    # The paper prints the rivals' force errors as 0.8934 and 0.8864, ten times the baseline's:
    # presumably a slip, so none is given here.
    "AT-AT": Molecule(
        "md22_AT-AT.npz",
        60,
        20001,
        2500,
        500,
        _published((0.1311, 0.0959), "GPIP", (0.1156, None), (0.0889, 0.0792)),
    ),
    "AT-AT-CG-CG": Molecule(
        "md22_AT-AT-CG-CG.npz",
        118,
        10153,
        1500,
        500,
        _published((0.2030, 0.1289), "Frad, GPIP", (0.1821, 0.1154), (0.1601, 0.1088)),
    ),
    "buckyball-catcher": Molecule(
        "md22_buckyball-catcher.npz",
        148,
        6102,
        550,
        50,
        _published(
            (0.5001, 0.1843), "Frad, Hessian distillation", (0.3902, 0.1548), (0.2727, 0.1054)
        ),
    ),
    "double-walled-nanotube": Molecule(
        "md22_double-walled_nanotube.npz",
        370,
        5032,
        700,
        100,
        _published(
            (0.8003, 0.3627), "Frad, Hessian distillation", (0.6247, 0.2947), (0.5421, 0.2344)
        ),
    ),
}
