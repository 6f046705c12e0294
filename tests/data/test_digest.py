"""Digests and statistics of frames."""

from __future__ import annotations

import numpy as np

from ipip.data import Frame, frames_digest, statistics


def test_the_digest_follows_every_label_but_not_info(frames: list[Frame]) -> None:
    digest = frames_digest(frames)
    assert frames_digest([f.replace(info={}) for f in frames]) == digest
    assert frames_digest(frames[::-1]) != digest
    for change in (
        {"energy": 0.0},
        {"forces": None},
        {"positions": frames[0].positions + 1e-12},
        {"pbc": ~frames[0].pbc},
        {"weight": 2.0},
    ):
        assert frames_digest([frames[0].replace(**change), *frames[1:]]) != digest


def test_statistics_of_a_dimer() -> None:
    pair = Frame(
        np.array([8, 16]),
        np.array([[0.0, 0, 0], [1.5, 0, 0]]),
        np.zeros((3, 3)),
        np.zeros(3, bool),
        energy=-4.0,
        forces=np.array([[3.0, 4, 0], [-3.0, -4, 0]]),
    )
    far = pair.replace(positions=pair.positions * 10, info={"config_type": "far"})
    s = statistics([pair, far], 5.0)
    assert (s.frames, s.atoms, s.elements) == (2, 4, {"O": 2, "S": 2})
    assert (s.neighbours_mean, s.neighbours_max, s.shortest) == (0.5, 1, 1.5)
    assert (s.force_rms, s.force_max, s.energy_range) == (5.0, 5.0, (-2.0, -2.0))
    assert s.config_types == {"-": 1, "far": 1}
