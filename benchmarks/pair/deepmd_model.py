"""Make a DeePMD-kit model of usual size: python deepmd_model.py FOLDER.

A few training steps on made-up labels are enough: time does not depend on the weights. Runs in a
separate environment and imports nothing of ipip.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

folder = Path(sys.argv[1])
data = folder / "data"
(data / "set.000").mkdir(parents=True, exist_ok=True)
rng = np.random.default_rng(1)
n, frames = 64, 4
length = (n / 0.086) ** (1 / 3)
grid = np.argwhere(np.ones((4, 4, 4))) * (length / 4)
np.savetxt(data / "type.raw", rng.integers(0, 3, n), fmt="%d")
(data / "type_map.raw").write_text("Mo\nS\nO\n")
coordinates = grid + rng.uniform(-0.25, 0.25, (frames, n, 3))
labels = {
    "coord": coordinates.reshape(frames, -1),
    "box": np.tile((np.eye(3) * length).ravel(), (frames, 1)),
    "energy": rng.normal(size=(frames, 1)),
    "force": rng.normal(size=(frames, 3 * n)),
}
for name, values in labels.items():
    np.save(data / "set.000" / f"{name}.npy", values)
systems = {"systems": [str(data.resolve())], "batch_size": 1}
settings = {
    "model": {
        "type_map": ["Mo", "S", "O"],
        "descriptor": {
            "type": "se_e2_a",
            "rcut": 5.0,
            "rcut_smth": 0.5,
            "sel": [36, 36, 36],
            "neuron": [25, 50, 100],
            "axis_neuron": 16,
            "seed": 1,
        },
        "fitting_net": {"neuron": [240, 240, 240], "seed": 1},
    },
    "learning_rate": {"type": "exp", "start_lr": 1e-3, "stop_lr": 1e-8, "decay_steps": 5},
    "loss": {"type": "ener"},
    "training": {"training_data": systems, "numb_steps": 10, "disp_freq": 10, "seed": 1},
}
(folder / "input.json").write_text(json.dumps(settings, indent=1))
dp = str(Path(sys.executable).with_name("dp"))
for command in (
    ["train", "input.json"],
    ["freeze", "-o", "frozen.pb"],
    ["compress", "-i", "frozen.pb", "-o", "compressed.pb", "-t", "input.json"],
):
    subprocess.run([dp, "--tf", *command], cwd=folder, check=True)
