"""Everything that a deck can request from the pair style, on any number of ranks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tests.pair_style.conftest import TYPES, Run

# What runs each architecture; the kernels are the default.
BACKENDS = {"painn": "", "visnet": "backend torchscript"}
NAMES = ("forces", "atomic energies", "atomic virials", "centroid virials")
SPANS = (slice(1, 4), slice(4, 5), slice(5, 11), slice(11, 20))


def pair(keywords: str = "", model: str = "float64.pt") -> str:
    """The commands that choose the student."""
    return f"pair_style ipip {keywords}\npair_coeff * * {model} {' '.join(TYPES)}\n"


def ask(name: str, style: str = "ipip") -> str:
    """Commands that write all outputs of one evaluation to `name.dump` and `name.json`."""
    ids = {k: f"{name}_{k}" for k in "escp"}
    fields = ["pe", *(f"c_{ids['p']}[{k}]" for k in range(1, 8))]
    fields += [f"p{ab}*vol" for ab in ("xx", "yy", "zz", "xy", "xz", "yz")]
    numbers = ",".join(f"$({field}:%.17g)" for field in fields)
    return (
        f"compute {ids['e']} all pe/atom\n"
        f"compute {ids['s']} all stress/atom NULL virial\n"
        f"compute {ids['c']} all centroid/stress/atom NULL virial\n"
        f"compute {ids['p']} all pair {style}\n"
        f"thermo_style custom step pe pxx c_{ids['p']}[*]\nthermo_modify norm no\n"
        f"dump {name} all custom 1 {name}.dump id fx fy fz c_{ids['e']} c_{ids['s']}[*] "
        f"c_{ids['c']}[*]\ndump_modify {name} sort id format float %.17g\nrun 0\n"
        f"undump {name}\n"
        f'print "[{numbers}]" file {name}.json screen no\n'
    )


def answers(run: Run, name: str) -> dict[str, np.ndarray]:
    """The files of `ask(name)`."""
    assert run.status == 0, run.output
    rows = run.dump(f"{name}.dump")
    numbers = np.array(run.values(f"{name}.json"))
    found = {label: rows[:, span] for label, span in zip(NAMES, SPANS, strict=True)}
    found["id"] = rows[:, 0]
    found["energy"], found["extremes"], found["virial"] = numbers[:1], numbers[1:8], numbers[8:]
    return found


def assert_same(
    found: dict[str, np.ndarray], expected: dict[str, np.ndarray], tolerance: float = 1e-10
) -> None:
    """Every quantity agrees, relative to its largest value."""
    for label, values in expected.items():
        size = np.abs(values).max() if values.size else 1.0
        np.testing.assert_allclose(
            found[label], values, rtol=0.0, atol=tolerance * size, err_msg=label
        )


def on_ranks(lammps: Callable[..., Run], deck: str, ranks: int) -> dict[str, np.ndarray]:
    """Outputs that the deck requested under the name `one`."""
    return answers(lammps(deck, ranks=ranks), "one")
