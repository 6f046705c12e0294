"""A frame that went through JSON is the same bit for bit."""

import json

import numpy as np

from ipip.data import Frame, frames_digest
from ipip.execution.plain_frames import frame_of, plain_frame


def test_a_frame_is_read_back_bit_for_bit_with_its_labels_and_state():
    rng = np.random.default_rng(3)
    frame = Frame(
        numbers=np.array([8, 1, 1]),
        positions=rng.normal(size=(3, 3)),
        cell=np.diag([9.0, 9.1, 9.2]),
        pbc=np.array([True, True, True]),
        energy=-1.0 / 3.0,
        forces=rng.normal(size=(3, 3)),
        stress=rng.normal(size=(3, 3)),
        info={
            "charge": 1,
            "traj": "a",
            "box": np.array([1.5, np.nan]),
            "n": np.int64(3),
            "number": 1,
            "$array": {"tuple": (1, 2)},
        },
        weight=0.7,
        arrays={"initial_charges": rng.normal(size=3)},
    )
    found = frame_of(json.loads(json.dumps(plain_frame(frame))))
    assert frames_digest([found]) == frames_digest([frame])
    assert found.forces.tobytes() == frame.forces.tobytes()
    assert found.numbers.dtype == frame.numbers.dtype
    assert found.info["charge"] == 1 and found.info["traj"] == "a" and found.info["n"] == 3
    np.testing.assert_array_equal(found.info["box"], frame.info["box"])
    assert found.info["number"] == 1 and found.info["$array"] == {"tuple": (1, 2)}
    assert found.weight == 0.7
