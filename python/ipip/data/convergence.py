"""Which steps of a DFT output have a converged electronic structure, if its format states it."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from ase.io.formats import open_with_compression

OUTCAR_STEP_END = "FREE ENERGIE OF THE ION-ELECTRON SYSTEM"
OUTCAR_CONVERGED = "EDIFF is reached"


def outcar(path: Path) -> list[bool]:
    """Return whether the SCF of each ionic step of an OUTCAR ended since EDIFF was reached."""
    steps, reached = [], False
    with open_with_compression(str(path), "r") as file:
        for line in file:
            if OUTCAR_CONVERGED in line:
                reached = True
            elif OUTCAR_STEP_END in line:
                steps.append(reached)
                reached = False
    return steps


def vasprun(path: Path) -> list[bool]:
    """Return whether the SCF of each ionic step of a vasprun.xml took fewer steps than NELM.

    The file states no more; a step that needed the very last iteration counts as not converged.
    """
    most, steps, iterations = 60, [], 0  # NELM's default
    try:
        with open_with_compression(str(path), "rb") as file:
            for _, element in ElementTree.iterparse(file):
                if element.tag == "scstep":
                    iterations += 1
                elif element.tag == "i" and element.get("name") == "NELM":
                    most = int(element.text or most)
                elif element.tag == "calculation":
                    steps.append(iterations < most)
                    iterations = 0
                    element.clear()
    except ElementTree.ParseError:
        pass  # a killed run: the earlier steps count
    return steps


CHECKS: Mapping[str, Callable[[Path], list[bool]]] = MappingProxyType(
    {"vasp-out": outcar, "vasp-xml": vasprun}
)
"""By ASE's name of the format. Quantum ESPRESSO writes no energy of an SCF that failed."""
