"""The trained networks: sizes, settings, and the environment that each needs."""

from __future__ import annotations

import dataclasses
from typing import Any

SEVENNET = ("sevenn==0.13.0",)
MACE = ("mace-torch==0.3.16",)
NEQUIP = ("nequip==0.19.1",)


@dataclasses.dataclass(frozen=True)
class Case:
    """One network of one size.

    Attributes:
        name: name in tables and files.
        contender: script of `contenders/` that trains it.
        settings: settings for that script, JSON values.
        packages: packages of a separate environment; none for this one.
    """

    name: str
    contender: str
    settings: dict[str, Any]
    packages: tuple[str, ...] = ()


def _ours(name: str, architecture: str, training: dict[str, Any], **student: Any) -> Case:
    return Case(
        name,
        "students",
        {"student": {"architecture": architecture, **student}, "training": training},
    )


def _mace(channels: int, degree: int) -> Case:
    return Case(
        f"mace-{channels}-L{degree}",
        "mace_network",
        {"num_channels": channels, "max_L": degree, "r_max": 5.0, "batch_size": 5, "lr": 0.01},
        MACE,
    )


def _sevennet(channels: int, degree: int) -> Case:
    return Case(
        f"sevennet-{channels}-L{degree}",
        "sevennet_network",
        {"channel": channels, "lmax": degree, "cutoff": 5.0, "batch_size": 5},
        SEVENNET,
    )


def _nequip(features: int, degree: int) -> Case:
    return Case(
        f"nequip-{features}-L{degree}",
        "nequip_network",
        {"num_features": features, "l_max": degree, "r_max": 5.0, "batch_size": 5},
        NEQUIP,
    )


# As published: students have 10 radial functions and the core at short distance by default.
PUBLISHED: dict[str, Any] = {"n_radial": 20, "zbl": False}
ROBUST = {"loss": "huber", "energy_weight": 10.0}

CASES: tuple[Case, ...] = (
    _ours("painn-32x2", "painn", {}, channels=32, layers=2),
    _ours("painn-64x2", "painn", {}, channels=64, layers=2),
    _ours("painn-64x2-published", "painn", {}, channels=64, layers=2, **PUBLISHED),
    _ours("painn-64x2-bare", "painn", {}, channels=64, layers=2, zbl=False),
    _ours("painn-64x2-huber", "painn", ROBUST, channels=64, layers=2),
    _ours("painn-64x3", "painn", {}, channels=64, layers=3),
    _ours("painn-64x3-published", "painn", {}, channels=64, layers=3, **PUBLISHED),
    _ours("painn-128x3", "painn", {}, channels=128, layers=3),
    _ours("visnet-64x2-L1", "visnet", {}, channels=64, layers=2, lmax=1),
    _ours("visnet-64x2-L1-10", "visnet", {}, channels=64, layers=2, lmax=1, n_radial=10),
    _ours("visnet-64x2-L1-16", "visnet", {}, channels=64, layers=2, lmax=1, n_radial=16),
    _ours("visnet-64x2-L2", "visnet", {}, channels=64, layers=2, lmax=2),
    _ours("visnet-64x2-L2-10", "visnet", {}, channels=64, layers=2, lmax=2, n_radial=10),
    _mace(32, 1),
    _mace(64, 1),
    _sevennet(32, 1),
    _sevennet(32, 2),
    _nequip(32, 1),
    _nequip(32, 2),
)
